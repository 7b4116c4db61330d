import { describe, expect, test } from "vitest";
import { positiveNumbers, setting, wholeNumber } from "../../src/cli/options.ts";

describe("a setting", () => {
  test.each<[string, unknown]>([
    ["train.lr=1e-4", 1e-4],
    ["train.lr=0.001", 1e-3],
    ["train.freezeNorms=false", false],
    ["pseudo.scales=[1, 0.5]", [1, 0.5]],
    ["model.backbone=mit_b0", "mit_b0"],
    ["train.lr=a=b", "a=b"],
    ["train.lr=", null],
  ])("%s has its YAML value", (text, value) => {
    const [key] = text.split("=");
    expect(setting(text)).toEqual({ [key!]: value });
  });

  test("adds to those before it and wins over its own namesake", () => {
    expect(setting("a=3", { a: 1, b: 2 })).toEqual({ a: 3, b: 2 });
  });

  test.each(["train.lr", "=3", "a=[1"])("%s is refused", (text) => {
    expect(() => setting(text)).toThrow("Expected");
  });
});

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
