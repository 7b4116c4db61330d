import { expect, test } from "vitest";
import { rankCorrelation } from "../../bench/rank-correlation.ts";

test("equal orders correlate with 1, opposite ones with -1, equal values with nothing", () => {
  expect(rankCorrelation([1, 5, 9], [0.1, 0.2, 100])).toBeCloseTo(1, 12);
  expect(rankCorrelation([1, 5, 9], [3, 2, 1])).toBeCloseTo(-1, 12);
  expect(rankCorrelation([1, 1, 1], [3, 2, 1])).toBeNaN();
});

test("ties share their mean rank", () => {
  // Ranks 0, 1.5, 1.5, 3 and 0, 1, 2, 3: 4.5 / sqrt(4.5 · 5).
  expect(rankCorrelation([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(Math.sqrt(0.9), 12);
});
