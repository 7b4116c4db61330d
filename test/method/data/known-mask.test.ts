import { expect, test } from "vitest";
import { classesIn, translateLabels } from "../../../src/method/data/known-mask.ts";

const mask = (...data: number[]) => ({ width: 2, height: 2, data: Uint8Array.from(data) });

test("labels are translated one by one; 255 stays, and the mask itself is not changed", () => {
  const stored = mask(0, 1, 2, 255);
  const places = { where: "a.png", labels: [0, 7, 3] };
  expect(translateLabels(stored, places)).toEqual(mask(0, 7, 3, 255));
  expect(stored).toEqual(mask(0, 1, 2, 255));
});

test("a label without a class is an error with its place", () => {
  const places = { where: "a.png", labels: [0, 1, 2] };
  expect(() => translateLabels(mask(0, 1, 3, 255), places)).toThrow(
    "a.png: mask has label 3 at x 0, y 1, but there are 2 classes; labels are 0 (background), 1 to 2 and 255 (not known)",
  );
});

test("the classes of a mask are those of its pixels, ascending from 0", () => {
  expect(classesIn(mask(9, 255, 1, 0))).toEqual([0, 8]);
  expect(classesIn(mask(0, 0, 255, 0))).toEqual([]);
  expect(classesIn(mask(254, 0, 0, 0))).toEqual([253]);
});
