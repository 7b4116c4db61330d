import type { Runtime } from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { lossesAndGradients } from "../../../src/method/train/losses-and-gradients.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, normError, worstError } from "../../arrays.ts";

/** How far a runtime is from golden gradients. */
export interface GradientErrors {
  /** Relative, by loss. */
  readonly losses: Readonly<Record<string, number>>;
  /** Of the norm, by parameter. */
  readonly gradients: Readonly<Record<string, number>>;
  /** Largest magnitude of gradients whose true value is 0: BatchNorm cancels these biases. */
  readonly cancelled: Readonly<Record<string, number>>;
  /** Of the running statistics after the pass. */
  readonly statistics: readonly number[];
  /** Parameters that have a gradient other than 0. */
  readonly expected: number;
}

export async function gradientErrors(runtime: Runtime): Promise<GradientErrors> {
  const golden = readGolden("gradients");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const model = readGolden("model");
  const float = (key: string) => ({
    dtype: "float32" as const,
    shape: golden[key]!.shape,
    data: Float32Array.from(golden[key]!.data),
  });
  const found = await lossesAndGradients(runtime, network, asArrays(model), {
    images: float("input"),
    tags: float("cls_label"),
    segLabel: float("seg_label"),
    affinityLabel: float("affinity_label"),
  });

  const names = { cls: "cls", seg: "seg", affinity: "aff", total: "total" } as const;
  const losses = Object.entries(names).map(([ours, theirs]) => {
    const actual = found.losses[ours as keyof typeof names];
    return [ours, Math.abs(actual / golden[`loss.${theirs}`]!.data[0]! - 1)];
  });
  const gradients: Record<string, number> = {};
  const cancelled: Record<string, number> = {};
  for (const [key, { data }] of Object.entries(golden)) {
    if (!key.startsWith("grad.")) continue;
    const name = key.slice("grad.".length);
    const actual = found.gradients[name]!.data as Float32Array;
    if (/linear_c\d\.proj\.bias/.test(name)) cancelled[name] = Math.max(...actual.map(Math.abs));
    else gradients[name] = normError(actual, data as Float32Array);
  }

  // momentum 0.1, unbiased variance over 2 · 16 · 16 positions
  const rows = 512;
  const moved = (name: string, { data }: { data: ArrayLike<unknown> }, factor: number): number =>
    worstError(
      Array.from(
        model[`decoder.linear_fuse.bn.${name}`]!.data,
        (v, i) => 0.9 * v + 0.1 * factor * (data[i] as number),
      ),
      golden[`bn.${name}`]!.data,
    );
  const { mean, variance } = found.statistics;
  return {
    losses: Object.fromEntries(losses) as Record<string, number>,
    gradients,
    cancelled,
    statistics: [moved("running_mean", mean, 1), moved("running_var", variance, rows / (rows - 1))],
    expected: network.trainable.length - 4,
  };
}
