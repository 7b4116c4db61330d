import { expect, test } from "vitest";
import { Afa } from "../../src/model/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { buildStep } from "../../src/train/step-graph.ts";
import { readGolden } from "../golden.ts";
import { asArrays, channelsLast, normError, worstError } from "../network.ts";

test("a step's losses, gradients and batch statistics equal golden gradients", async () => {
  const golden = readGolden("gradients");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const step = buildStep(network, {
    kind: "full",
    batch: 2,
    crop: 64,
    dropPath: false,
    dropout: false,
    learned: network.trainable,
  });
  const session = await nodeRuntime().createSession(step.model);
  const float = (key: string) => ({
    dtype: "float32" as const,
    shape: golden[key]!.shape,
    data: Float32Array.from(golden[key]!.data),
  });
  const names = [...Object.keys(step.outputs), ...step.gradients.map((name) => `grad.${name}`)];
  const results = await session.run(
    {
      ...asArrays(readGolden("model")),
      image: channelsLast(golden["input"]!),
      tags: float("cls_label"),
      seg_label: float("seg_label"),
      affinity_label: float("affinity_label"),
      loss_weights: { dtype: "float32", shape: [2], data: Float32Array.of(0.1, 0.1) },
    },
    Object.fromEntries(names.map((name) => [name, null])),
  );
  const number = (key: string): number => Number(results[key]!.data[0]);

  for (const [ours, theirs] of [
    ["cls", "cls"],
    ["seg", "seg"],
    ["affinity", "aff"],
    ["total", "total"],
  ]) {
    const expected = golden[`loss.${theirs}`]!.data[0]!;
    expect(Math.abs(number(`loss.${ours}`) / expected - 1), ours).toBeLessThan(1e-5);
  }

  let compared = 0;
  for (const [key, { data }] of Object.entries(golden)) {
    if (!key.startsWith("grad.")) continue;
    const actual = results[key]!.data as Float32Array;
    // BatchNorm cancels these biases: their true gradient is 0.
    if (/linear_c\d\.proj\.bias/.test(key)) {
      expect(Math.max(...actual.map(Math.abs)), key).toBeLessThan(1e-6);
    } else {
      expect(normError(actual, data as Float32Array), key).toBeLessThan(1e-3);
      compared++;
    }
  }
  expect(compared).toBe(network.trainable.length - 4);

  // momentum 0.1, unbiased variance over 2 · 16 · 16 positions
  const rows = 512;
  const model = readGolden("model");
  const moved = (name: string, statistic: ArrayLike<number>, factor: number): number[] =>
    Array.from(
      model[`decoder.linear_fuse.bn.${name}`]!.data,
      (v, i) => 0.9 * v + 0.1 * factor * statistic[i]!,
    );
  const mean = moved("running_mean", results["bn.mean"]!.data as Float32Array, 1);
  const variance = moved(
    "running_var",
    results["bn.variance"]!.data as Float32Array,
    rows / (rows - 1),
  );
  expect(worstError(mean, golden["bn.running_mean"]!.data)).toBeLessThan(1e-5);
  expect(worstError(variance, golden["bn.running_var"]!.data)).toBeLessThan(1e-5);
});
