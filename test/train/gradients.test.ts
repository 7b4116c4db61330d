import { expect, test } from "vitest";
import { Afa } from "../../src/model/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { lossesAndGradients } from "../../src/train/losses-and-gradients.ts";
import { readGolden } from "../golden.ts";
import { asArrays, normError, worstError } from "../network.ts";

test("losses, gradients and batch statistics equal golden gradients", async () => {
  const golden = readGolden("gradients");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const float = (key: string) => ({
    dtype: "float32" as const,
    shape: golden[key]!.shape,
    data: Float32Array.from(golden[key]!.data),
  });
  const { losses, gradients, statistics } = await lossesAndGradients(
    nodeRuntime(),
    network,
    asArrays(readGolden("model")),
    {
      images: float("input"),
      tags: float("cls_label"),
      segLabel: float("seg_label"),
      affinityLabel: float("affinity_label"),
    },
  );

  const names = { cls: "cls", seg: "seg", affinity: "aff", total: "total" } as const;
  for (const [ours, theirs] of Object.entries(names)) {
    const expected = golden[`loss.${theirs}`]!.data[0]!;
    const actual = losses[ours as keyof typeof names];
    expect(Math.abs(actual / expected - 1), ours).toBeLessThan(1e-5);
  }

  let compared = 0;
  for (const [key, { data }] of Object.entries(golden)) {
    if (!key.startsWith("grad.")) continue;
    const actual = gradients[key.slice("grad.".length)]!.data as Float32Array;
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
  const moved = (name: string, { data }: { data: ArrayLike<unknown> }, factor: number): number[] =>
    Array.from(
      model[`decoder.linear_fuse.bn.${name}`]!.data,
      (v, i) => 0.9 * v + 0.1 * factor * (data[i] as number),
    );
  const mean = moved("running_mean", statistics.mean, 1);
  const variance = moved("running_var", statistics.variance, rows / (rows - 1));
  expect(worstError(mean, golden["bn.running_mean"]!.data)).toBeLessThan(1e-5);
  expect(worstError(variance, golden["bn.running_var"]!.data)).toBeLessThan(1e-5);
});
