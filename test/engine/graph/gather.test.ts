import { expect, test } from "vitest";
import { transposeTable, windowTokens } from "../../../src/engine/graph/gather.ts";

// Tokens of two maps of 3×3: 0 1 2 / 3 4 5 / 6 7 8, then 9 to 17.
const windows = windowTokens([2, 3, 3], { kernel: 3, stride: 2, padding: 1 }, 2, 2);

test("windows list the tokens of their pixels row by row, −1 outside the map", () => {
  const { rows, columns, values } = windows;
  expect([rows, columns]).toEqual([8, 9]);
  const window = (i: number) => values.slice(9 * i, 9 * i + 9);
  expect(window(0)).toEqual([-1, -1, -1, -1, 0, 1, -1, 3, 4]);
  expect(window(1)).toEqual([-1, -1, -1, 1, 2, -1, 4, 5, -1]);
  expect(window(2)).toEqual([-1, 3, 4, -1, 6, 7, -1, -1, -1]);
  expect(window(3)).toEqual([4, 5, -1, 7, 8, -1, -1, -1, -1]);
  expect(window(7)).toEqual([13, 14, -1, 16, 17, -1, -1, -1, -1]);
});

test("a transposed table lists the same pixel of every window", () => {
  const { rows, columns, values } = transposeTable(windows);
  expect([rows, columns]).toEqual([9, 8]);
  expect(values.slice(4 * 8, 5 * 8)).toEqual([0, 2, 6, 8, 9, 11, 15, 17]);
});
