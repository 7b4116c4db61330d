import { expect, test } from "vitest";
import { cocoObjects } from "../../../src/files/formats/coco/outlines.ts";
import { DrawingWork } from "../../../src/files/formats/drawing-limits.ts";
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
