import { expect, test } from "vitest";
import {
  candidateScores,
  explainedVariance,
  thresholdsFor,
} from "../../../src/method/labels/index.ts";

/** A row of gray pixels and their labels. */
function row(levels: readonly number[], labels: readonly number[]) {
  const size = { width: levels.length, height: 1 };
  return [
    { ...size, data: Uint8Array.from(levels.flatMap((level) => [level, level, level])) },
    { ...size, data: Uint8Array.from(labels) },
  ] as const;
}

test("labels explain all of the colors' variance, a part, or nothing", () => {
  expect(explainedVariance(...row([0, 0, 10, 10], [0, 0, 3, 3]))).toBeCloseTo(1, 12);
  expect(explainedVariance(...row([0, 0, 10, 10], [0, 3, 0, 3]))).toBeCloseTo(0, 12);
  // By hand, a channel: 4 · 25 in all, 0 within the first label, 400 / 9 + 2 · 100 / 9 = 66.7 within the second.
  expect(explainedVariance(...row([0, 0, 10, 10], [0, 3, 3, 3]))).toBeCloseTo(1 / 3, 12);
  expect(explainedVariance(...row([0, 0, 10, 10, 99], [0, 0, 3, 3, 3]), [0, 1, 0, 4])).toBe(1);
  expect(explainedVariance(...row([7, 7, 7], [0, 1, 1]))).toBeNaN();
});

/** A curve with these values at some candidates, and 0 elsewhere. */
function curve(values: Readonly<Record<number, number>>): number[] {
  return candidateScores.map((score) => values[score] ?? 0);
}

test("the thresholds lie around the highest score that explains nearly as much as the best", () => {
  // 98 % of 0.5 is reached halfway between 0.6 and 0.65.
  const flat = curve({ 0.5: 0.5, 0.55: 0.499, 0.6: 0.495, 0.65: 0.485, 0.7: 0.3 });
  expect(thresholdsFor(flat)).toEqual({ low: 0.53, high: 0.73 });
  const peak = curve({ 0.4: 0.5 });
  expect(thresholdsFor(peak)).toEqual({ low: 0.3, high: 0.5 });
});

test("a curve that is level takes the highest score, and one that explains nothing gives no thresholds", () => {
  expect(thresholdsFor(candidateScores.map(() => 0.4))).toEqual({ low: 0.75, high: 0.95 });
  expect(thresholdsFor(candidateScores.map(() => 0))).toBeNull();
});
