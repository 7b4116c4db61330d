import { describe, expect, test } from "vitest";
import { pick } from "../../../src/method/labels/cam.ts";
import {
  affinityLabel,
  colorPlanes,
  labelAtSize,
  labelOf,
  mergeCam,
  propagateAffinity,
  pseudoLabel,
  refineAffinityLabel,
  refineInside,
  refinePseudoLabel,
} from "../../../src/method/labels/index.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { activationMaps, type Box, type Maps } from "../../../src/method/images/maps.ts";
import { Par } from "../../../src/method/refine/par.ts";

const row = (...values: number[]): Maps =>
  activationMaps(1, values.length, 1, Float32Array.from(values));

describe("mergeCam", () => {
  test("takes the larger of plain and flipped, sums positive scores over scales, normalizes", () => {
    const scales = [
      { plain: row(1, -5, 0), flipped: row(2, -1, -1) }, // 1 | -1, -5 | -1, 0 | 2: 1, 0, 2
      { plain: row(0, 1, 2), flipped: row(0, 0, 0) }, // 0, 1, 2
    ];
    const { data } = mergeCam(scales, [0], 3, 1);
    expect(data[0]).toBe(0); // 1, 1, 4 less the minimum 1
    expect(data[1]).toBe(0);
    expect(data[2]).toBeCloseTo(3 / (3 + 1e-5), 6);
  });

  test("returns only the requested classes, in their order", () => {
    const cam = activationMaps(3, 2, 1, Float32Array.of(0, 1, 5, 0, 0, 7));
    const { count, data } = mergeCam([{ plain: cam, flipped: cam }], [2, 1], 4, 1);
    expect(count).toBe(2);
    expect(data[3]).toBeCloseTo(1, 4);
    expect(mergeCam([{ plain: cam, flipped: cam }], [], 4, 1).data).toHaveLength(0);
    expect(() => mergeCam([{ plain: cam, flipped: cam }], [3], 4, 1)).toThrow(
      "class 3, but there are 3 maps",
    );
    expect(() => mergeCam([{ plain: cam, flipped: cam }], [-1], 4, 1)).toThrow("class -1, but");
    expect(() => pick(cam, [-1])).toThrow(
      "pick: class -1, but there are 3 maps; give classes from 0 to 2",
    );
  });

  test("a class without positive scores is 0 everywhere", () => {
    const cam = row(-1, -2);
    expect([...mergeCam([{ plain: cam, flipped: cam }], [0], 2, 1).data]).toEqual([0, 0]);
  });
});

describe("pseudoLabel", () => {
  const cam = activationMaps(2, 4, 1, Float32Array.of(0.2, 0.5, 0.6, 0.7, 0.1, 0.4, 0.9, 0.7));

  test("is the best class, ignored up to high, background up to low", () => {
    const { data } = pseudoLabel(cam, [3, 7], { low: 0.35, high: 0.55 });
    expect([...data]).toEqual([0, 255, 8, 4]); // of equals the first
  });

  test("a score at a threshold is below it", () => {
    const edge = row(0.25, 0.5);
    expect([...pseudoLabel(edge, [0], { low: 0.25, high: 0.5 }).data]).toEqual([0, 255]);
  });

  test("ignores nothing if the thresholds are equal, and everything outside the box", () => {
    const { data } = pseudoLabel(cam, [3, 7], { low: 0.45, high: 0.45, box: [0, 1, 1, 3] });
    expect([...data]).toEqual([255, 4, 8, 255]);
  });

  test("an image without tags is background", () => {
    const none = activationMaps(0, 3, 2, new Float32Array(0));
    const { data } = pseudoLabel(none, [], { low: 0.35, high: 0.55, box: [0, 2, 0, 2] });
    expect([...data]).toEqual([0, 0, 255, 0, 0, 255]);
  });

  test("refuses maps that do not fit the classes, and boxes that do not fit the image", () => {
    const thresholds = { low: 0.35, high: 0.55 };
    expect(() => pseudoLabel(cam, [1], thresholds)).toThrow(
      "pseudoLabel: 2 maps for 1 labels; give one map for each",
    );
    expect(() => pseudoLabel(cam, [1, 2], { ...thresholds, box: [0, 2, 0, 4] })).toThrow(
      /box \[0, 2, 0, 4\] is empty or not inside 4 x 1/,
    );
  });
});

describe("affinityLabel", () => {
  test("compares neighbors within the radius, never with ignored tokens", () => {
    const labels = { width: 4, height: 1, data: Uint8Array.of(0, 0, 2, 255) };
    const { tokens, data, positives, negatives } = affinityLabel(labels, { stride: 1, radius: 1 });
    const [same, other, none] = [1, 0, 255];
    expect(tokens).toBe(4);
    expect([...data]).toEqual([
      ...[same, same, none, none],
      ...[same, same, other, none],
      ...[none, other, same, none],
      ...[none, none, none, none],
    ]);
    expect([positives, negatives]).toEqual([5, 2]);
  });

  test("tokens are 16 pixels wide and reach 8 tokens in each direction", () => {
    const labels = { width: 16 * 10, height: 16, data: new Uint8Array(160 * 16) };
    const { tokens, data, positives, negatives } = affinityLabel(labels);
    const reach = Array.from({ length: 10 }, (_, i) => {
      return data.subarray(i * 10, (i + 1) * 10).filter((pair) => pair === 1).length;
    });
    expect([tokens, positives, negatives]).toEqual([10, 98, 0]);
    expect(reach).toEqual([9, ...Array<number>(8).fill(10), 9]);
    const upright = { ...labels, width: 16, height: 160 };
    expect(affinityLabel(upright).data).toEqual(data);
  });

  test("the radius does not reach around the ends of rows", () => {
    const labels = { width: 3, height: 2, data: new Uint8Array(6) };
    const { data } = affinityLabel(labels, { stride: 1, radius: 1 });
    expect(data[2 * 6 + 3]).toBe(255); // right end of row 0, left end of row 1
    expect(data[2 * 6 + 4]).toBe(1);
  });
});

describe("propagate", () => {
  test("walks one step along squared affinities, column by column", () => {
    const cam = row(1, 0);
    const affinity = { width: 2, height: 1, data: Float32Array.of(1, 0.5, 0.2, 0.8) };
    const [walked] = propagateAffinity(cam, affinity, { backgrounds: [0.3] });
    // Softmax of [background, class] at the two tokens.
    const first = 1 / (1 + Math.exp(0.3 - 1));
    const second = 1 / (1 + Math.exp(0.3 - 0));
    const column0 = (first * 1 + second * 0.04) / (1.04 + 0.1);
    const column1 = (first * 0.25 + second * 0.64) / (0.89 + 0.1);
    expect(walked!.count).toBe(2);
    expect(walked!.data[2]).toBeCloseTo(column0, 6);
    expect(walked!.data[3]).toBeCloseTo(column1, 6);
    expect(walked!.data[0]! + walked!.data[2]!).toBeCloseTo(1.04 / 1.14, 6);
  });

  test("walks 8 tokens in each direction if no radius is given", () => {
    const affinity = { width: 10, height: 1, data: new Float32Array(100).fill(1) };
    const cam = row(...Array<number>(10).fill(0));
    const options = { backgrounds: [0.2] };
    const [walked] = propagateAffinity(cam, affinity, options);
    const [eight] = propagateAffinity(cam, affinity, { ...options, radius: 8 });
    expect(walked).toEqual(eight);
    // The first token hears of 9 tokens, the second of all 10.
    const score = 1 / (1 + Math.exp(0.2));
    expect(walked!.data[10]).toBeCloseTo((9 * score) / 9.1, 6);
    expect(walked!.data[11]).toBeCloseTo((10 * score) / 10.1, 6);
    expect(propagateAffinity(cam, affinity, { backgrounds: [] })).toEqual([]);
  });

  test("does not walk beyond the radius", () => {
    const affinity = { width: 3, height: 1, data: new Float32Array(9).fill(1) };
    const [near] = propagateAffinity(row(1, 0, 0), affinity, { backgrounds: [0], radius: 1 });
    const [far] = propagateAffinity(row(1, 0, 0), affinity, { backgrounds: [0], radius: 2 });
    expect(near!.data[5]).toBeCloseTo((0.5 + 0.5) / 2.1, 6);
    expect(far!.data[5]).toBeCloseTo((0.5 + 0.5 + Math.E / (1 + Math.E)) / 3.1, 6);
  });

  test("has the same result with several backgrounds as with each alone", () => {
    const cam = activationMaps(2, 2, 2, Float32Array.of(0.1, 0.9, 0.3, 0, 0.4, 0.2, 1, 0.5));
    const data = Float32Array.from({ length: 16 }, (_, i) => ((i * 7) % 16) / 16);
    const affinity = { width: 2, height: 2, data };
    const both = propagateAffinity(cam, affinity, { backgrounds: [0.35, 0.55] });
    expect(both).toHaveLength(2);
    for (const [i, score] of [0.35, 0.55].entries()) {
      expect(propagateAffinity(cam, affinity, { backgrounds: [score] })[0]!.data).toEqual(
        both[i]!.data,
      );
    }
  });

  test("an image without tags has a background map only, labeled background", () => {
    const affinity = { width: 2, height: 2, data: new Float32Array(16).fill(0.5) };
    const none = activationMaps(0, 8, 8, new Float32Array(0));
    const [walked] = propagateAffinity(none, affinity, { backgrounds: [0.35] });
    expect(walked!.count).toBe(1);
    expect([...labelOf(walked!, []).data]).toEqual([0, 0, 0, 0]);
  });

  test("refuses an affinity that does not fit its grid", () => {
    const affinity = { width: 2, height: 2, data: new Float32Array(9) };
    expect(() => propagateAffinity(row(1), affinity, { backgrounds: [0.35] })).toThrow(
      "affinity of 2 x 2 tokens has 16 elements, got 9",
    );
  });
});

test("labelOf returns the class of the highest map", () => {
  const scores = activationMaps(3, 2, 1, Float32Array.of(0.5, 0.2, 0.1, 0.3, 0.2, 0.4));
  expect([...labelOf(scores, [4, 9]).data]).toEqual([0, 10]);
  expect(() => labelOf(scores, [4])).toThrow("labelOf: 3 maps for 2 labels; give one map for each");
});

test("labelAtSize returns the labels of the resized maps, of equal ones the first", () => {
  const data = Float32Array.of(3, 0, 1, 0, 0, 2, 1, 0, 0, 2, 2, 0);
  const scores = activationMaps(3, 2, 2, data);
  for (const size of [
    { width: 2, height: 2 },
    { width: 7, height: 5 },
    { width: 1, height: 3 },
  ]) {
    const resized = resizeMaps(scores, size.width, size.height);
    expect(labelAtSize(scores, [4, 9], size)).toEqual(labelOf(resized, [4, 9]));
  }
  expect([...labelAtSize(scores, [4, 9], scores).data]).toEqual([0, 5, 10, 0]);
  const negative = activationMaps(2, 1, 1, Float32Array.of(-7, -6));
  expect([...labelAtSize(negative, [2], negative).data]).toEqual([3]);
  expect(() => labelAtSize(scores, [4], scores)).toThrow(
    "labelAtSize: 3 maps for 2 labels; give one map for each",
  );
});

test("the colors inside a box are planes of 0..1", () => {
  const data = Uint8Array.from({ length: 18 }, (_, i) => 10 * i);
  const planes = colorPlanes({ width: 3, height: 2, data }, [0, 2, 1, 3]);
  expect(planes).toMatchObject({ count: 3, width: 2, height: 2 });
  const levels = [30, 60, 120, 150, 40, 70, 130, 160, 50, 80, 140, 170];
  expect(planes.data).toEqual(Float32Array.from(levels, (level) => level / 255));
});

describe("refined labels", () => {
  const par = new Par({ iterations: 3, dilations: [1, 2] });
  const side = 32;
  const thresholds = { low: 0.35, high: 0.55, par };
  // The left half is bright and has the class, but the CAM knows only a blob in its middle.
  const isLeft = (p: number) => p % side < side / 2;
  const image = {
    width: side,
    height: side,
    data: Uint8Array.from({ length: 3 * side * side }, (_, i) =>
      isLeft(Math.floor(i / 3)) ? 220 : 30,
    ),
  };
  const cam = activationMaps(
    1,
    side,
    side,
    Float32Array.from({ length: side * side }, (_, p) => {
      return Math.hypot((p % side) - 8, Math.floor(p / side) - 16) < 9 ? 1 : 0;
    }),
  );

  test("sure class, sure background, and nothing at all outside the box", () => {
    const box: Box = [2, 30, 0, 31];
    const { data } = refinePseudoLabel(image, cam, [6], { ...thresholds, box });
    expect(data[16 * side + 8]).toBe(7);
    expect(data[16 * side + 28]).toBe(0);
    expect(data[1 * side + 8]).toBe(255);
    expect(data[16 * side + 31]).toBe(255);
  });

  test("from propagated maps of a coarse grid, in a box", () => {
    const affinity = { width: 4, height: 4, data: new Float32Array(16 * 16) };
    for (let i = 0; i < 16; i++) affinity.data[i * 17] = 1; // every token knows itself alone
    const [low, high] = propagateAffinity(cam, affinity, { backgrounds: [0.35, 0.55] });
    const box: Box = [4, 31, 0, 27];
    const labels = refineAffinityLabel(image, { low: low!, high: high! }, [6], { par, box });
    expect(labels.data[16 * side + 8]).toBe(7);
    expect(labels.data[16 * side + 26]).toBe(0);
    expect(labels.data[16 * side + 27]).toBe(255);
    expect(labels.data[31 * side + 8]).toBe(255);
  });

  test.each([
    [1, 1],
    [1, 5],
    [3, 2],
  ])("work on images of %i x %i", (width, height) => {
    const tiny = { width, height, data: new Uint8Array(3 * width * height).fill(99) };
    const area = width * height;
    const sure = activationMaps(1, width, height, new Float32Array(area).fill(1));
    const expected = Array.from({ length: area }, () => 1);
    expect([...refinePseudoLabel(tiny, sure, [0], thresholds).data]).toEqual(expected);
    const affinity = { width: 1, height: 1, data: Float32Array.of(1) };
    const [low, high] = propagateAffinity(sure, affinity, { backgrounds: [0.35, 0.55] });
    const labels = refineAffinityLabel(tiny, { low: low!, high: high! }, [0], { par });
    expect([...labels.data]).toEqual(expected);
  });

  test("a box of one pixel", () => {
    const box: Box = [16, 17, 8, 9];
    const scores = activationMaps(2, 2, 2, Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1));
    const maybe = { low: scores, high: scores };
    const { data } = refineAffinityLabel(image, maybe, [6], { par, box });
    expect(data.filter((label) => label !== 255)).toEqual(Uint8Array.of(7));
    expect(data[16 * side + 8]).toBe(7);
  });

  test("images without tags are background inside the box", () => {
    const none = activationMaps(0, side, side, new Float32Array(0));
    const box: Box = [0, side, 0, 16];
    const labels = refinePseudoLabel(image, none, [], { ...thresholds, box });
    const expected = Array.from({ length: side * side }, (_, p) => (isLeft(p) ? 0 : 255));
    expect([...labels.data]).toEqual(expected);
    const only = activationMaps(1, 2, 2, Float32Array.of(1, 1, 1, 1));
    const maybe = { low: only, high: only };
    expect(refineAffinityLabel(image, maybe, [], { par, box })).toEqual(labels);
  });

  test("refuse a CAM of another size than the image", () => {
    expect(() => refinePseudoLabel(image, row(1, 0), [6], thresholds)).toThrow(
      "refinePseudoLabel: image is 32 x 32, maps are 2 x 1; resize the maps",
    );
    for (const [width, height] of [
      [side, 16],
      [16, side],
    ] as const) {
      const maps = activationMaps(1, width, height, new Float32Array(side * 16));
      expect(() => refineInside(image, maps, { par })).toThrow(
        `refineInside: image is 32 x 32, maps are ${width} x ${height}; resize the maps`,
      );
    }
  });
});
