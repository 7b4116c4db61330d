import { expect, test } from "vitest";
import { windowRadius } from "../../../src/method/labels/index.ts";

test("an automatic radius is an eighth of the shorter side, rounded down, and at least 1", () => {
  const of = (width: number, height: number) => windowRadius("auto", { width, height });
  expect([of(4, 4), of(8, 8), of(15, 15), of(16, 16), of(20, 20), of(32, 32)]).toEqual([
    1, 1, 1, 2, 2, 4,
  ]);
  expect([of(40, 17), of(17, 40)]).toEqual([2, 2]);
  expect(windowRadius(8, { width: 4, height: 4 })).toBe(8);
});
