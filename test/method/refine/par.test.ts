import { describe, expect, test } from "vitest";
import { Par } from "../../../src/method/refine/par.ts";
import type { Maps } from "../../../src/method/images/maps.ts";
import { Random } from "../../../src/engine/random.ts";
import { readGolden } from "../../golden.ts";
import { mapsOf, maxError } from "../labels/golden-maps.ts";
import { plainPar } from "./plain-par.ts";

const standard = [1, 2, 4, 8, 12, 24];

function randomMaps(count: number, width: number, height: number, levels = 256): Maps {
  const random = Random.at(7, "par", count, width, height);
  const data = Float32Array.from(
    { length: count * width * height },
    () => random.int(levels) / (levels - 1),
  );
  return { count, width, height, data };
}

describe("PAR gives the golden maps", () => {
  const golden = readGolden("par");
  test.each([
    ["iter1", 1, standard],
    ["iter10", 10, standard],
    ["iter15", 15, standard],
    ["d124.iter5", 5, [1, 2, 4]],
  ])("%s", (name, iterations, dilations) => {
    const par = new Par({ iterations, dilations });
    for (const i of [0, 1]) {
      const refined = par.refine(mapsOf(golden["image"]!, i), mapsOf(golden["masks"]!, i));
      const expected = mapsOf(golden[`refined.${name}`]!, i);
      expect(maxError(refined.data, expected.data)).toBeLessThan(1e-5);
    }
  });
});

describe("the PAR kernel agrees with plain loops", () => {
  test.each([
    [1, 1, 1],
    [2, 1, 5],
    [3, 7, 1],
    [1, 8, 3],
    [2, 9, 9],
    [3, 17, 12],
    [4, 33, 21],
    [5, 16, 30],
    [7, 31, 8],
  ])("on %i maps of %i x %i", (count, width, height) => {
    const image = randomMaps(3, width, height);
    const maps = randomMaps(count, width, height);
    const settings = { iterations: 3, dilations: standard };
    const actual = new Par(settings).refine(image, maps);
    const expected = plainPar(image, maps, settings);
    expect(maxError(actual.data, expected.data)).toBeLessThan(2e-5);
  });

  test.each([
    ["flat", 1],
    ["of two levels", 2],
  ])("on an image that is %s", (_name, levels) => {
    const noise = randomMaps(3, 20, 14, 2);
    const image = levels === 1 ? { ...noise, data: noise.data.map(() => 0.7) } : noise;
    const maps = randomMaps(2, 20, 14);
    const settings = { iterations: 4, dilations: [1, 3] };
    const actual = new Par(settings).refine(image, maps);
    expect(maxError(actual.data, plainPar(image, maps, settings).data)).toBeLessThan(2e-5);
  });
});

describe("PAR", () => {
  test("spreads scores within a color and not across an edge of the image", () => {
    const [width, height] = [24, 24];
    const data = new Float32Array(3 * width * height);
    const score = new Float32Array(width * height);
    for (let p = 0; p < width * height; p++) {
      const left = p % width < 12;
      for (let c = 0; c < 3; c++) data[c * width * height + p] = left ? 0.9 : 0.1;
      score[p] = left && Math.floor(p / width) < 12 ? 1 : 0; // half of the bright half
    }
    const image = { count: 3, width, height, data };
    const { data: refined } = new Par().refine(image, { count: 1, width, height, data: score });
    expect(refined[20 * width + 4]).toBeGreaterThan(0.2); // flowed down the bright half
    expect(refined[4 * width + 20]).toBeLessThan(0.1); // not into the dark one
  });

  test("takes ten iterations over the published dilations by default", () => {
    const [image, maps] = [randomMaps(3, 13, 9), randomMaps(2, 13, 9)];
    const refined = new Par().refine(image, maps);
    const published = { iterations: 10, dilations: standard };
    expect(refined).toEqual(new Par(published).refine(image, maps));
    for (const other of [{ iterations: 11 }, { dilations: standard.slice(0, 5) }])
      expect(new Par(other).refine(image, maps).data).not.toEqual(refined.data);
  });

  test("multiplies constant maps by 1.01 an iteration", () => {
    const maps = { count: 1, width: 5, height: 5, data: new Float32Array(25).fill(0.5) };
    const refined = new Par({ iterations: 2 }).refine(randomMaps(3, 5, 5), maps);
    for (const value of refined.data) expect(value).toBeCloseTo(0.5 * 1.01 ** 2, 5);
  });

  test("has the same bits whatever it refined before", () => {
    const par = new Par({ iterations: 2 });
    const [image, other] = [randomMaps(3, 20, 10), randomMaps(3, 10, 20)];
    const maps = randomMaps(3, 20, 10);
    const first = par.refine(image, maps);
    par.refine(other, randomMaps(8, 10, 20));
    expect(par.refine(image, maps)).toEqual(first);
    expect(par.refine(image, maps)).toEqual(first); // weights kept
    const changed = { ...image, data: image.data.with(30, 0.123) };
    expect(par.refine(changed, maps)).toEqual(new Par({ iterations: 2 }).refine(changed, maps));
  });

  test("without maps or iterations only resizes", () => {
    expect(new Par().refine(randomMaps(3, 6, 4), randomMaps(0, 3, 2)).data).toHaveLength(0);
    const maps = randomMaps(2, 3, 2);
    const still = new Par({ iterations: 0 }).refine(randomMaps(3, 3, 2), maps);
    expect(still.data).toEqual(maps.data);
  });

  test("refuses images that are not three colors or have no pixels, bad dilations, and more than 4 GiB", () => {
    expect(() => new Par().refine(randomMaps(1, 4, 4), randomMaps(1, 4, 4))).toThrow(
      "PAR: image [1, 4, 4]; give three colors and at least one pixel",
    );
    expect(() => new Par().refine(randomMaps(3, 4, 0), randomMaps(1, 4, 0))).toThrow(
      "PAR: image [3, 0, 4]; give three colors and at least one pixel",
    );
    expect(() => new Par().refine(randomMaps(3, 0, 4), randomMaps(1, 0, 4))).toThrow(
      "PAR: image [3, 4, 0]; give three colors and at least one pixel",
    );
    for (const dilations of [[1, 0.5], [], [0], [2, -1], [NaN]]) {
      expect(() => new Par({ dilations })).toThrow(
        `PAR: dilations [${dilations.join(", ")}]; give at least one, each a whole number from 1`,
      );
    }
    const huge = { count: 3, width: 9000, height: 9000, data: new Float32Array(0) };
    expect(() => new Par().refine(huge, { ...huge, count: 1 })).toThrow(
      /PAR of 9000 x 9000 pixels: needs \d+\.\d+ GiB.*4 GiB/,
    );
  });
});
