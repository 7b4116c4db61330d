import { describe, expect, test } from "vitest";
import { readCounts } from "../../../../src/method/images/run-lengths.ts";
import { cocoObjects, hasOutline } from "../../../../src/files/formats/coco/outlines.ts";
import { UserError } from "../../../../src/user-error.ts";

const image = { width: 4, height: 3 };
const [all, limit] = [[0, 12], 2e8 + 20 * 12];
const runs = { counts: [2, 3, 7], size: [3, 4] };
const square = [0, 0, 2, 0, 2, 2, 0, 2];
const labels = new Map([[1, 1], [2, 2], [9, 0]]); // prettier-ignore
const read = (...annotations: object[]) =>
  cocoObjects(
    annotations.map((one) => ({ id: 7, category_id: 1, ...one })),
    image,
    labels,
    "a",
  );

test.each<[unknown, boolean]>([
  [undefined, false],
  [null, false],
  [[], false],
  [[[]], false],
  [[[], []], false],
  [[[], [1]], true],
  [[3], true],
  [[square], true],
  [runs, true],
  [3, true],
])("whether there is an outline: %j, %s", (segmentation, expected) => {
  expect(hasOutline(segmentation)).toBe(expected);
});

describe("an annotation becomes", () => {
  const pixels = (counts: readonly number[]) => counts.filter((_, k) => k % 2 === 1);
  const sum = (counts: readonly number[]) => pixels(counts).reduce((a, b) => a + b, 0);
  test.each<[string, object, [number, number][]]>([
    ["an object", { segmentation: [square] }, [[1, 4]]],
    ["an object of its category", { category_id: 2, segmentation: runs }, [[2, 3]]],
    ["an object of a triangle", { segmentation: [[0, 0, 2, 0, 2, 2]] }, [[1, 1]]],
    ["an object of a bare triangle", { segmentation: [0, 0, 2, 0, 2, 2] }, [[1, 1]]],
    ["its box, of two corners", { segmentation: [[0, 0, 2, 2]], bbox: [0, 0, 2, 2] }, [[1, 4]]],
    ["background, which is not painted", { category_id: 9, segmentation: [square] }, [[0, 4]]],
    ["background without outline", { category_id: 9, bbox: [0, 0, 1, 1] }, [[0, 0]]],
    ["ignored pixels, as a crowd", { segmentation: runs, iscrowd: 1 }, [[255, 3]]],
    ["ignored pixels, as a crowd in words", { segmentation: runs, iscrowd: true }, [[255, 3]]],
    ["no crowd for another number", { segmentation: runs, iscrowd: 2 }, [[1, 3]]],
    ["the box of its category", { bbox: [1, 0, 2, 3] }, [[1, 6]]],
    ["ignored pixels everywhere, without a box", {}, [[255, 12]]],
    ["ignored pixels everywhere, with half a box", { bbox: [1, 0, 2] }, [[255, 12]]],
    ["ignored pixels everywhere, with words for a box", { bbox: ["1", 0, 2, 3] }, [[255, 12]]],
  ])("%s", (_, annotation, expected) => {
    const { objects } = read(annotation);
    expect(objects.map(({ label, counts }) => [label, sum(counts)])).toEqual(expected);
  });
});

test("boxes alone are counted, equal crowds drawn once, different ones each", () => {
  const crowd = { iscrowd: 1, segmentation: runs };
  const other = { iscrowd: 1, segmentation: { ...runs, counts: [1, 1, 10] } };
  const { objects } = read({ bbox: [0, 0, 1, 1] }, crowd, { segmentation: [] }, crowd, other);
  expect(objects.map(({ isBox = false, unknown }) => [isBox, unknown !== undefined])).toEqual([
    [true, false],
    [false, false],
    [false, true],
    [false, false],
  ]);
});

test("the work of run lengths is their number, that of a missing box an object", () => {
  const { work } = read({ segmentation: runs });
  expect(() => work.spend(limit - 3)).not.toThrow();
  expect(() => work.spend(1)).toThrow("3 objects");
  const box = read({});
  expect(box.objects[0]!.counts).toEqual(all);
  expect(() => box.work.spend(limit + 1)).toThrow("after 2 objects");
});

describe("an annotation is refused for", () => {
  test.each<[string, object, RegExp]>([
    [
      "a category that is not there",
      { category_id: 3 },
      /^a: annotation 7: .*category 3 is not in/,
    ],
    ["no id either", { id: "x", category_id: 3 }, /^a: annotation without an id: /],
    ["rows of another image", { segmentation: { ...runs, size: [4, 4] } }, /of 4x4, .* 4x3$/],
    ["columns of another image", { segmentation: { ...runs, size: [3, 5] } }, /of 5x3, .* 4x3$/],
    ["a size of three", { segmentation: { ...runs, size: [3, 4, 1] } }, /"segmentation" is neither/], // prettier-ignore
    ["counts of words", { segmentation: { ...runs, counts: ["2"] } }, /"segmentation" is neither/],
    ["an odd polygon", { segmentation: [[0, 0, 2, 0, 2]] }, /"segmentation" is neither/],
    ["a bare polygon of two corners", { segmentation: [0, 0, 2, 2] }, /"segmentation" is neither/],
    ["infinity", { segmentation: [[0, 0, 2, 0, Infinity, 2]] }, /"segmentation" is neither/],
    ["a far box", { bbox: [0, 0, 9, 1] }, /a polygon goes to x 9, but its image is 4x3/],
    ["a far crowd", { iscrowd: 1, segmentation: [[0, -4, 1, 0, 1, 1]] }, /goes to y -4, /],
  ])("%s", (_, annotation, message) => {
    expect(() => read(annotation)).toThrow(UserError);
    expect(() => read(annotation)).toThrow(message);
  });
});

test("run lengths of an outline are those of its pixels", () => {
  const { counts } = read({ segmentation: [square] }).objects[0]!;
  expect(readCounts(counts, 4, 3, "a").filter((run) => run > 0)).toEqual([2, 1, 2, 7]);
});
