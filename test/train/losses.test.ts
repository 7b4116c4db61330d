import { expect, test } from "vitest";
import type { NdArray, Tensor } from "../../src/graph/index.ts";
import { gradients, input, reshape } from "../../src/graph/index.ts";
import { affinityLoss, classificationLoss, segmentationLoss } from "../../src/train/losses.ts";
import { readGolden } from "../golden.ts";
import { evaluate } from "../network.ts";

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

/** [n, c, h, w] logits as [n·h, w, c] with their labels as [n·h, w]. */
function segmentation(label: ArrayLike<number>): {
  loss: Tensor;
  logits: Tensor;
  feeds: Record<string, NdArray>;
} {
  const [n, c, h, w] = golden["seg.logits"]!.shape as [number, number, number, number];
  const data = new Float32Array(n * c * h * w);
  golden["seg.logits"]!.data.forEach((value, i) => {
    const [b, k, p] = [Math.floor(i / (c * h * w)), Math.floor(i / (h * w)) % c, i % (h * w)];
    data[(b * h * w + p) * c + k] = value;
  });
  const logits = input("logits", [n * h, w, c]);
  const loss = segmentationLoss(logits, input("label", [n * h, w]));
  return {
    loss,
    logits,
    feeds: { logits: floats([n * h, w, c], data), label: floats([n * h, w], label) },
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

test("a segmentation label without foreground leaves the background's half of the loss", async () => {
  const { loss, feeds } = segmentation(golden["seg.only_bg_target"]!.data);
  expect(relativeError(2 * (await valueOf(loss, feeds)), "seg.ce_fg_missing")).toBeLessThan(1e-5);
});

test("a segmentation label of nothing but ignored pixels gives no loss and no gradient", async () => {
  const all = new Float32Array(golden["seg.target"]!.data.length).fill(255);
  const { loss, logits, feeds } = segmentation(all);
  const [gradient] = gradients(loss, [logits]);
  const results = await evaluate({ loss, gradient: reshape(gradient!, logits.shape) }, feeds);
  expect(Math.abs(Number(results["loss"]!.data[0]))).toBe(0);
  expect(results["gradient"]!.data.every((value) => Number(value) === 0)).toBe(true);
});
