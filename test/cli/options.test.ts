import { expect, test } from "vitest";
import { positiveNumbers, wholeNumber } from "../../src/cli/options.ts";

test("whole numbers are whole, small enough and not too small", () => {
  expect(wholeNumber(0)("12")).toBe(12);
  for (const text of ["", "1.5", "-1", "abc", "1e99", "Infinity"]) {
    expect(() => wholeNumber(0)(text), text).toThrow(`found "${text}"`);
  }
});

test("scales are positive numbers", () => {
  expect(positiveNumbers("0.5,1, 1.5")).toEqual([0.5, 1, 1.5]);
  for (const text of ["", "0", "1,,2", "1;2", "-1", "Infinity"]) {
    expect(() => positiveNumbers(text), text).toThrow(`found "${text}"`);
  }
});
