import { expect, test } from "vitest";
import { cocoObjects } from "../../../src/files/formats/coco/outlines.ts";
import { checkSize, DrawingWork } from "../../../src/files/formats/drawing-limits.ts";
import { UserError } from "../../../src/user-error.ts";

const image = { width: 4, height: 3 };

test.each<[string, () => DrawingWork, number]>([
  ["any format", () => new DrawingWork("a"), 2e10],
  [
    "COCO, which allows 20 times the image besides",
    () => cocoObjects([], image, new Map(), "a").work,
    2e8 + 20 * 12,
  ],
])("exactly the pixels allowed are drawn, one more is refused: %s", (_, work, limit) => {
  expect(() => work().spend(limit)).not.toThrow();
  expect(() => work().spend(limit + 1)).toThrow(UserError);
});

test.each([
  ["x up to two widths", [0, 0, 8, 0, 8, 2], true],
  ["y up to two heights", [0, 0, 2, 6, 0, 6], true],
  ["x up to one width left of the image", [-4, 0, 2, 0, 2, 2], true],
  ["y up to one height above the image", [0, -3, 2, 0, 2, 2], true],
  ["x beyond two widths", [0, 0, 9, 0, 9, 2], false],
  ["y beyond two heights", [0, 0, 2, 7, 0, 7], false],
])("a polygon may leave its image of 4x3 by one side, no farther: %s", (_, polygon, accepted) => {
  const annotation = { id: 1, category_id: 1, iscrowd: 0, segmentation: [polygon] };
  const read = () => cocoObjects([annotation], image, new Map([[1, 1]]), "a");
  if (accepted) expect(read().objects).toHaveLength(1);
  else expect(read).toThrow(/a polygon goes to [xy] [79], but its image is 4x3/);
});

test.each<[unknown, unknown, string]>([
  [1, 1, ""],
  [50_000_000, 1, ""],
  [1, 50_000_000, ""],
  [50_000_001, 1, "50000001x1"],
  [0, 3, "0x3"],
  [3, 0, "3x0"],
  [-1, -1, "-1x-1"],
  [1.5, NaN, "1.5xNaN"],
  ["3", 2, '"3"x2'],
  [3, undefined, "3xundefined"],
  [3, { a: 1 }, '3x{"a":1}'],
])("an image of %s x %s is accepted, or refused as %s", (width, height, refused) => {
  const check = () => checkSize(width, height, "a.json");
  if (refused === "") return expect(check).not.toThrow();
  expect(check).toThrow(UserError);
  expect(check).toThrow(`a.json: the image is ${refused};`);
  expect(check).toThrow("50000000 pixels");
});

test("the number of objects is limited besides their pixels, and both are told", () => {
  const work = new DrawingWork("a.json", 100);
  for (let i = 0; i < 200_000; i++) work.spend(0);
  expect(() => work.spend(7)).toThrow(
    /^a\.json: .* 200001 objects and 7 pixels, .*200000 and 100$/,
  );
});

test("pixels add up over objects", () => {
  const work = new DrawingWork("a.json", 10);
  work.spend(6);
  work.spend(4);
  expect(() => work.spend(1)).toThrow(/3 objects and 11 pixels/);
});
