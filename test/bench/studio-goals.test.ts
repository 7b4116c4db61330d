import { afterEach, expect, test, vi } from "vitest";
import { isMet, parseGoal, printGoal, quantile } from "../../bench/studio-session/goals.ts";

afterEach(() => vi.restoreAllMocks());

test.each([
  [{ name: "10,000 images: work of a frame, p95", measured: 9.8, most: 8, unit: "ms" }, false],
  [{ name: "elements, most", measured: 600, most: 600, unit: "" }, true],
  [{ name: "growth", measured: 1e-7, most: 0.28, unit: "MB" }, true],
])("a printed goal is read again, and whether it is met: %o", (goal, met) => {
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  printGoal(goal.name, goal.measured, goal.most, goal.unit);
  const [line] = print.mock.calls[0] as [string];
  expect(parseGoal(line)).toEqual(goal);
  expect(isMet(goal)).toBe(met);
  expect(line.startsWith(met ? "goal met" : "goal MISSED")).toBe(true);
});

test("other lines of a bench are no goals", () => {
  expect(parseGoal("500 answers during 12 steps; load 3.1")).toBeUndefined();
});

test("a quantile is one of the values", () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 0.5, 0.95, 1].map((share) => quantile(values, share))).toEqual([1, 3, 5, 5]);
  expect(quantile([], 0.5)).toBeNaN();
});
