import { expect, test } from "vitest";
import {
  type NdArray,
  type Tensor,
  gradients,
  input,
  reshape,
} from "../../../src/engine/graph/index.ts";
import {
  affinityLoss,
  classificationLoss,
  energyLoss,
  segmentationLoss,
} from "../../../src/method/train/losses.ts";
import { readGolden } from "../../golden.ts";
import { centralDifferences } from "../../engine/graph/central-differences.ts";
import { evaluate, worstError } from "../../network.ts";

const golden = readGolden("losses");

function floats(shape: readonly number[], data: ArrayLike<number>): NdArray {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

async function valueOf(loss: Tensor, feeds: Record<string, NdArray>): Promise<number> {
  return Number((await evaluate({ loss }, feeds))["loss"]!.data[0]);
}

function relativeError(actual: number, key: string): number {
  return Math.abs(actual / golden[key]!.data[0]! - 1);
}

/** The golden logits, [n, c, h, w], with these labels. */
function segmentation(label: ArrayLike<number>): {
  loss: Tensor;
  logits: Tensor;
  feeds: Record<string, NdArray>;
} {
  const shape = golden["seg.logits"]!.shape as [number, number, number, number];
  const [n, , h, w] = shape;
  const logits = input("logits", shape);
  const loss = segmentationLoss(logits, input("label", [n, h, w]));
  const data = Float32Array.from(golden["seg.logits"]!.data, Number);
  return {
    loss,
    logits,
    feeds: { logits: floats(shape, data), label: floats([n, h, w], label) },
  };
}

test("the classification loss equals golden losses", async () => {
  const { shape, data } = golden["cls.logits"]!;
  const loss = classificationLoss(
    input("logits", shape as number[]),
    input("tags", shape as number[]),
  );
  const tags = floats(shape, golden["cls.target"]!.data);
  expect(
    relativeError(await valueOf(loss, { logits: floats(shape, data), tags }), "cls.loss"),
  ).toBeLessThan(1e-5);
});

test("the affinity loss and its counts equal golden losses", async () => {
  const { shape, data } = golden["aff.affinity"]!;
  const made = affinityLoss(
    input("affinity", shape as number[]),
    input("label", shape as number[]),
  );
  const feeds = { affinity: floats(shape, data), label: floats(shape, golden["aff.target"]!.data) };
  const { loss, positives, negatives } = await evaluate({ ...made }, feeds);
  expect(relativeError(Number(loss!.data[0]), "aff.loss")).toBeLessThan(1e-5);
  expect([positives!.data[0], negatives!.data[0]]).toEqual([
    golden["aff.pos_count"]!.data[0],
    golden["aff.neg_count"]!.data[0],
  ]);
});

test("the segmentation loss equals golden losses", async () => {
  const { loss, feeds } = segmentation(golden["seg.target"]!.data);
  expect(relativeError(await valueOf(loss, feeds), "seg.loss")).toBeLessThan(1e-5);
});

test("with a segmentation label without foreground, only the background's half of the loss remains", async () => {
  const { loss, feeds } = segmentation(golden["seg.only_bg_target"]!.data);
  expect(relativeError(2 * (await valueOf(loss, feeds)), "seg.ce_fg_missing")).toBeLessThan(1e-5);
});

test("with ignored pixels only, the segmentation loss and its gradient are 0", async () => {
  const all = new Float32Array(golden["seg.target"]!.data.length).fill(255);
  const { loss, logits, feeds } = segmentation(all);
  const [gradient] = gradients(loss, [logits]);
  const results = await evaluate({ loss, gradient: reshape(gradient!, logits.shape) }, feeds);
  expect(Math.abs(Number(results["loss"]!.data[0]))).toBe(0);
  expect(results["gradient"]!.data.every((value) => Number(value) === 0)).toBe(true);
});

test("the energy is half of ⟨S, gradient⟩, and its gradient reaches the logits through the softmax", async () => {
  const pull = Float64Array.of(0.5, -1, 2, -0.25, 0.75, 1.5);
  const logits = Float64Array.of(1, -0.5, 0.3, 0.1, 2, -1);
  const weighed = ([x]: readonly Float64Array[]): number => {
    let sum = 0;
    for (let row = 0; row < 2; row++) {
      const powers = [...x!.subarray(3 * row, 3 * row + 3)].map(Math.exp);
      const total = powers.reduce((a, b) => a + b);
      powers.forEach((power, k) => (sum += (power / total) * pull[3 * row + k]!));
    }
    return sum;
  };
  const x = input("logits", [2, 3]);
  const loss = energyLoss(x, input("pull", [2, 3]));
  const [gradient] = gradients(loss, [x]);
  const feeds = { logits: floats([2, 3], logits), pull: floats([2, 3], pull) };
  const results = await evaluate({ loss, gradient: gradient! }, feeds);
  expect(Number(results["loss"]!.data[0])).toBeCloseTo(weighed([logits]) / 2, 6);
  const [expected] = centralDifferences(weighed, [logits]);
  expect(worstError(results["gradient"]!.data as Float32Array, expected!)).toBeLessThan(1e-5);
});

test("one pixel of a kind has that kind's half of the loss to itself, and so has one pair", async () => {
  const logits = input("logits", [1, 2, 1, 3]);
  const loss = segmentationLoss(logits, input("label", [1, 1, 3]));
  const values = [2, 0, 5, 1, 3, 5];
  const ce = (own: number, other: number) => Math.log(1 + Math.exp(other - own));
  const valueFor = (label: readonly number[]) =>
    valueOf(loss, { logits: floats([1, 2, 1, 3], values), label: floats([1, 1, 3], label) });
  expect(await valueFor([0, 1, 255])).toBeCloseTo((ce(2, 1) + ce(3, 0)) / 2, 5);
  expect(await valueFor([1, 1, 0])).toBeCloseTo((ce(1, 2) + ce(3, 0)) / 4 + ce(5, 5) / 2, 5);
  const pairs = affinityLoss(input("affinity", [1, 1, 2]), input("label", [1, 1, 2]));
  const results = await evaluate(
    { ...pairs },
    { affinity: floats([1, 1, 2], [0.7, 0.2]), label: floats([1, 1, 2], [1, 0]) },
  );
  expect(results["loss"]!.data[0]).toBeCloseTo((0.5 * 0.3) / 2 + (0.5 * 0.2) / 2, 6);
});

test("parts with the counts of the whole batch sum to its losses", async () => {
  const scalar = (value: number) => floats([], [value]);
  const counts = { background: input("background", []), foreground: input("foreground", []) };
  const part = segmentationLoss(input("logits", [1, 2, 1, 1]), input("label", [1, 1, 1]), counts);
  const value = await valueOf(part, {
    logits: floats([1, 2, 1, 1], [0, 0]),
    label: floats([1, 1, 1], [1]),
    background: scalar(3),
    foreground: scalar(4),
  });
  expect(value).toBeCloseTo((0.5 * Math.log(2)) / 4, 6);
  const tagged = classificationLoss(input("logits", [1, 2]), input("tags", [1, 2]), 5);
  const feeds = { logits: floats([1, 2], [0, 0]), tags: floats([1, 2], [1, 0]) };
  expect(await valueOf(tagged, feeds)).toBeCloseTo((2 * Math.log(2)) / 10, 6);
  const pairs = { positive: input("positive", []), negative: input("negative", []) };
  const { loss } = affinityLoss(input("affinity", [1, 1, 2]), input("label", [1, 1, 2]), pairs);
  const found = await valueOf(loss, {
    affinity: floats([1, 1, 2], [0.75, 0.25]),
    label: floats([1, 1, 2], [1, 0]),
    positive: scalar(4),
    negative: scalar(9),
  });
  expect(found).toBeCloseTo((0.5 * 0.25) / 5 + (0.5 * 0.25) / 10, 6);
});
