import { expect, test } from "vitest";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { MicroBatchSums } from "../../../src/method/train/micro-batch-sums.ts";

const outputs = { "bn.mean": [2], "bn.variance": [2], "loss.cls": [] };

function results(
  mean: readonly number[],
  variance: readonly number[],
  scalars: Record<string, number>,
): Record<string, NdArray> {
  const entries = Object.entries(scalars).map(([name, value]) => [name, float32([], [value])]);
  return {
    "bn.mean": float32([2], mean),
    "bn.variance": float32([2], variance),
    ...(Object.fromEntries(entries) as Record<string, NdArray>),
  };
}

test("losses add up, pairs are those of any part, and the variance is that of all rows together", () => {
  const sums = new MicroBatchSums(outputs);
  const pairs = { "pairs.positive": 8, "pairs.negative": 3 };
  sums.add(results([1, 0], [4, 1], { "loss.cls": 0.5, "loss.seg": 2, ...pairs }));
  sums.add(results([5, 0], [2, 3], { "loss.cls": 0.25, "loss.seg": -1, ...pairs }));
  expect([sums.loss("cls"), sums.loss("seg"), sums.loss("energy")]).toEqual([0.75, 1, null]);
  expect(sums.pairs()).toEqual({ positive: 8, negative: 3 });
  // Means of squares 4 + 1 and 2 + 25, less the square of the mean 3.
  expect(sums.statistics()).toEqual([Float32Array.of(3, 0), Float32Array.of(7, 2)]);
});

test("parts whose statistics were known before have none to add", () => {
  const sums = new MicroBatchSums({ "loss.cls": [] });
  sums.add({ "loss.cls": float32([], [0.5]) });
  expect(sums.loss("cls")).toBe(0.5);
  expect(sums.statistics()).toEqual([new Float32Array(0), new Float32Array(0)]);
});

test("a step without the affinity loss has no pairs", () => {
  const sums = new MicroBatchSums(outputs);
  sums.add(results([1, 2], [3, 4], { "loss.cls": 1 }));
  expect(sums.pairs()).toBeNull();
  expect(sums.statistics()).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
});
