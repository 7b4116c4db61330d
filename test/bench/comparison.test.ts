import { describe, expect, test } from "vitest";
import { compareParts, warnings } from "../../bench/comparison.ts";
import { report } from "./reports.ts";

const step = (seconds: readonly number[]) =>
  report(seconds).parts.filter(({ name }) => name === "whole step");

describe("two reports side by side", () => {
  const before = step([1.0, 1.01, 1.02]);

  test.each([
    ["half the time", [0.5, 0.51, 0.52], "faster"],
    ["twice the time", [2.0, 2.1, 2.2], "slower"],
    ["less than the spread of the first", [1.011, 1.012, 1.013], "noise"],
    ["less than the spread of the second", [0.7, 0.98, 1.4], "noise"],
    ["a single measurement", [0.1], "noise"],
  ])("%s", (_, after, verdict) => {
    expect(compareParts(before, step(after)).map((row) => row.verdict)).toEqual([verdict]);
  });

  test("one outlier on a busy machine does not hide a gain", () => {
    const after = step([0.5, 0.5, 0.51, 0.51, 3]);
    expect(compareParts(before, after)[0]!.verdict).toBe("faster");
  });

  test("the ratio is that of the medians", () => {
    expect(compareParts(before, step([2.02]))[0]!.ratio).toBeCloseTo(2);
  });

  test("parts that only one of them has are listed, without a ratio", () => {
    const [own, other] = [report([1]).parts, step([1])];
    const [first] = other;
    const renamed = [{ ...first!, name: "new" }];
    const rows = compareParts(own.slice(1), renamed);
    expect(rows.map(({ name, verdict, ratio }) => [name, verdict, ratio])).toEqual([
      ["whole step", "only in A", null],
      ["labels", "only in A", null],
      ["new", "only in B", null],
    ]);
  });
});

describe("warnings", () => {
  const here = report([1]);

  test("none for the same machine, idle", () => {
    expect(warnings(here, report([2], { date: "2027-01-01T00:00:00Z" }))).toEqual([]);
  });

  test("another machine and another version", () => {
    const there = report([1], { cpu: "Abacus 2", onnxruntime: "1.31.0" });
    expect(warnings(here, there)).toEqual([
      "other machines: ratios say little: cpu Abacus 1 against Abacus 2",
      "other versions: onnxruntime 1.30.0 against 1.31.0",
    ]);
  });

  test("a busy machine", () => {
    const busy = { ...here, foreignLoad: { ...here.foreignLoad, max: 0.5 } };
    expect(warnings(here, busy)).toEqual([
      "B was measured while others used up to 0.50 cores; measure again",
    ]);
  });
});
