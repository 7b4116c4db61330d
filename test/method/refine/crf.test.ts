import { describe, expect, test } from "vitest";
import type { Image } from "../../../src/method/images/image.ts";
import { crfLabels } from "../../../src/method/refine/crf-labels.ts";
import { DenseCrf } from "../../../src/method/refine/crf.ts";
import { argmax, type Maps } from "../../../src/method/images/maps.ts";
import { Random } from "../../../src/engine/random.ts";
import { readGolden } from "../../golden.ts";
import { maxError } from "../labels/golden-maps.ts";
import { plainCrf } from "./plain-crf.ts";

const standard = {
  iterations: 10,
  gaussianWeight: 3,
  gaussianDeviation: 3,
  bilateralWeight: 4,
  positionDeviation: 64,
  colorDeviation: 5,
};

function noise(width: number, height: number, spread: number): Image {
  const random = Random.at(3, "crf", width, height);
  const data = Uint8Array.from({ length: width * height * 3 }, () => 100 + random.int(spread));
  return { width, height, data };
}

/** Random probabilities that sum to 1. */
function beliefs(count: number, width: number, height: number): Maps {
  const random = Random.at(4, "crf", count, width, height);
  const area = width * height;
  const data = Float32Array.from({ length: count * area }, () => 0.01 + random.next());
  for (let p = 0; p < area; p++) {
    let sum = 0;
    for (let i = p; i < data.length; i += area) sum += data[i]!;
    for (let i = p; i < data.length; i += area) data[i]! /= sum;
  }
  return { count, width, height, data };
}

function agreement(a: Maps, b: Maps): number {
  const [first, second] = [argmax(a), argmax(b)];
  return first.filter((label, p) => label === second[p]).length / first.length;
}

function meanError(a: Maps, b: Maps): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

describe("the dense CRF gives the golden probabilities", () => {
  const golden = readGolden("crf");
  const image = { width: 56, height: 48, data: golden["image"]!.data as Uint8Array };
  const size = { count: 4, width: 56, height: 48 };
  const probabilities = { ...size, data: golden["prob"]!.data as Float32Array };
  const b80 = { ...standard, bilateralWeight: 10, positionDeviation: 80, colorDeviation: 13 };
  test.each([
    ["q.eval", standard],
    ["q.iter1", { ...standard, iterations: 1 }],
    ["q.b80", b80],
  ])("%s", (name, settings) => {
    const expected = { ...size, data: golden[name]!.data as Float32Array };
    const refined = new DenseCrf(settings).refine(image, probabilities);
    expect(agreement(refined, expected)).toBeGreaterThanOrEqual(0.99);
    expect(meanError(refined, expected)).toBeLessThan(0.006);
  });

  test("its oracle to five digits", () => {
    const exact = plainCrf(image, probabilities, b80);
    expect(maxError(exact.data, golden["q.b80"]!.data as Float32Array)).toBeLessThan(1e-5);
  });
});

describe("the Gaussian on position is exact", () => {
  test.each([
    [2, 1, 1, 3],
    [3, 17, 1, 3],
    [5, 1, 9, 2],
    [6, 23, 19, 1.5],
    [21, 8, 30, 3],
  ])("%i classes, %i x %i, deviation %f", (count, width, height, gaussianDeviation) => {
    const settings = { ...standard, iterations: 2, bilateralWeight: 0, gaussianDeviation };
    const [image, probabilities] = [noise(width, height, 40), beliefs(count, width, height)];
    const refined = new DenseCrf(settings).refine(image, probabilities);
    const exact = plainCrf(image, probabilities, settings);
    expect(maxError(refined.data, exact.data)).toBeLessThan(5e-4); // cut off at 4 deviations
  });
});

describe("the dense CRF is close to the sum over all pairs", () => {
  test.each([
    ["one pixel", 1, 1, 2, 1],
    ["one row", 40, 1, 3, 60],
    ["one color", 30, 20, 3, 1],
    ["255 classes", 9, 7, 255, 60],
  ])("%s", (_name, width, height, count, spread) => {
    const [image, probabilities] = [noise(width, height, spread), beliefs(count, width, height)];
    const refined = new DenseCrf().refine(image, probabilities);
    const exact = plainCrf(image, probabilities, standard);
    expect(meanError(refined, exact)).toBeLessThan(0.02);
    for (let p = 0; p < width * height; p++) {
      let sum = 0;
      for (let i = p; i < refined.data.length; i += width * height) sum += refined.data[i]!;
      expect(sum).toBeCloseTo(1, 5);
    }
  });
});

describe("the dense CRF", () => {
  test("moves a wrong edge of the probabilities to the edge of the colors", () => {
    const [width, height] = [40, 24];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
      Math.floor(i / 3) % width < 20 ? 200 : 60,
    );
    const left = Float32Array.from({ length: width * height }, (_, p) =>
      p % width < 24 ? 0.7 : 0.3,
    );
    const maps = { count: 2, width, height, data: new Float32Array(2 * width * height) };
    maps.data.set(left);
    maps.data.set(
      left.map((value) => 1 - value),
      width * height,
    );
    const labels = argmax(new DenseCrf().refine({ width, height, data }, maps));
    labels.forEach((label, p) => expect(label).toBe(p % width < 20 ? 0 : 1));
  });

  test("has the same bits whatever it refined before, and keeps its memory", () => {
    const crf = new DenseCrf({ iterations: 3 });
    const [image, probabilities] = [noise(30, 20, 50), beliefs(5, 30, 20)];
    const first = crf.refine(image, probabilities);
    crf.refine(noise(40, 35, 255), beliefs(9, 40, 35));
    const { memoryBytes } = crf;
    for (let i = 0; i < 3; i++) expect(crf.refine(image, probabilities)).toEqual(first);
    expect(crf.memoryBytes).toBe(memoryBytes);
  });

  test("without iterations only limits probabilities that are too certain", () => {
    const maps = { count: 2, width: 1, height: 1, data: Float32Array.of(1, 0) };
    const { data } = new DenseCrf({ iterations: 0 }).refine(noise(1, 1, 9), maps);
    expect(data[0]).toBeCloseTo(1 / (1 + 1e-5), 6);
    expect(data[1]! / 1e-5).toBeCloseTo(1, 3);
  });

  test("has the settings of the published evaluation by default", () => {
    const [image, probabilities] = [noise(20, 15, 90), beliefs(3, 20, 15)];
    const refined = new DenseCrf().refine(image, probabilities);
    expect(refined).toEqual(new DenseCrf(standard).refine(image, probabilities));
    for (const [name, value] of Object.entries(standard)) {
      const other = new DenseCrf({ [name]: value + 1 }).refine(image, probabilities);
      expect(other.data, name).not.toEqual(refined.data);
    }
  });

  test("cuts the Gaussian on position off at four deviations", () => {
    const settings = { bilateralWeight: 0, gaussianDeviation: 1.5, iterations: 1 };
    const image = noise(16, 1, 1);
    const probabilities = beliefs(2, 16, 1);
    const changed = { ...probabilities, data: probabilities.data.slice() };
    [changed.data[0], changed.data[16]] = [0.999, 0.001];
    const crf = new DenseCrf(settings);
    const [before, after] = [crf.refine(image, probabilities), crf.refine(image, changed)];
    const differs = Array.from({ length: 16 }, (_, x) => before.data[x] !== after.data[x]);
    expect(differs.lastIndexOf(true)).toBeGreaterThan(4);
    expect(differs.lastIndexOf(true)).toBeLessThanOrEqual(6);
  });

  test("labels logits of the image's own size without changing them", () => {
    const flat = { width: 3, height: 2, data: new Uint8Array(18).fill(50) };
    const data = Float32Array.of(5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0);
    const logits = { count: 2, width: 3, height: 2, data };
    expect([...crfLabels(new DenseCrf(), flat, logits).data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...data]).toEqual([5, 5, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0]);
  });

  test("labels logits of a quarter of the size", () => {
    const logits = {
      count: 2,
      width: 2,
      height: 2,
      data: Float32Array.of(4, -4, 4, -4, -4, 4, -4, 4),
    };
    const flat = { width: 8, height: 8, data: new Uint8Array(192) };
    for (let p = 0; p < 64; p++) flat.data.fill(p % 8 < 4 ? 20 : 220, 3 * p, 3 * p + 3);
    const kept = logits.data.slice();
    const { data } = crfLabels(new DenseCrf(), flat, logits);
    data.forEach((label, p) => expect(label).toBe(p % 8 < 4 ? 0 : 1));
    expect(logits.data).toEqual(kept);
  });

  test("refuses unsuitable input with the reason", () => {
    const crf = new DenseCrf();
    const image = noise(4, 3, 9);
    expect(() => crf.refine(image, beliefs(2, 3, 4))).toThrow(/4 x 3, probabilities are 3 x 4/);
    expect(() => crf.refine(image, beliefs(0, 4, 3))).toThrow(/at least one class/);
    const broken = beliefs(2, 4, 3);
    broken.data[12 + 5] = NaN;
    expect(() => crf.refine(image, broken)).toThrow("probability of class 1 at x 1, y 1 is NaN");
    expect(() => crf.refine({ ...image, data: new Uint8Array(5) }, beliefs(2, 4, 3))).toThrow(
      /image has 5 bytes.*36/,
    );
    expect(() => crf.refine(image, beliefs(2, 4, 2))).toThrow(/4 x 3, probabilities are 4 x 2/);
    expect(() => crf.refine({ ...image, height: 0 }, beliefs(2, 4, 0))).toThrow(
      "dense CRF: probabilities [2, 0, 4]; give at least one class and one pixel",
    );
    expect(() => crf.refine({ ...image, width: 0 }, beliefs(2, 0, 3))).toThrow("[2, 3, 0]");
    const short = { ...beliefs(2, 4, 3), data: new Float32Array(23) };
    expect(() => crf.refine(image, short)).toThrow(
      "image has 36 bytes, probabilities 23 numbers; 4 x 3 pixels and 2 classes need 36 and 24",
    );
    const tiny = new DenseCrf({ positionDeviation: 1e-3 });
    expect(() => tiny.refine(image, beliefs(2, 4, 3))).toThrow(/give larger deviations/);
    // The good image still works.
    expect(crf.refine(image, beliefs(2, 4, 3)).data).toHaveLength(24);
  });

  test.each([
    ["colorDeviation", 0, "a number above 0"],
    ["positionDeviation", -1, "a number above 0"],
    ["gaussianDeviation", Infinity, "a number above 0"],
    ["gaussianDeviation", NaN, "a number above 0"],
    ["gaussianWeight", -1, "0 or a larger number"],
    ["gaussianWeight", Infinity, "0 or a larger number"],
    ["bilateralWeight", NaN, "0 or a larger number"],
    ["iterations", 1.5, "a whole number from 0"],
    ["iterations", -1, "a whole number from 0"],
  ])("refuses the setting %s = %d", (name, value, expected) => {
    expect(() => new DenseCrf({ [name]: value })).toThrow(
      `dense CRF: ${name} is ${value}; give ${expected}`,
    );
  });

  test("accepts small settings: deviations below 1, weights of 0", () => {
    const [image, probabilities] = [noise(5, 4, 9), beliefs(2, 5, 4)];
    const deviations = { gaussianDeviation: 0.5, positionDeviation: 0.5, colorDeviation: 0.5 };
    const weights = { gaussianWeight: 0, bilateralWeight: 0 };
    const still = new DenseCrf({ ...deviations, ...weights }).refine(image, probabilities);
    expect(maxError(still.data, probabilities.data)).toBeLessThan(1e-6);
  });

  test("refuses images beyond 4 GiB by size before touching them", () => {
    const [width, height] = [20_000, 15_000];
    const image = { width, height, data: { length: width * height * 3 } as Uint8Array };
    const data = { length: 2 * width * height } as Float32Array;
    expect(() => new DenseCrf().refine(image, { count: 2, width, height, data })).toThrow(
      /dense CRF of 20000 x 15000 pixels and 2 classes: needs \d+\.\d+ GiB.*4 GiB/,
    );
  });
});
