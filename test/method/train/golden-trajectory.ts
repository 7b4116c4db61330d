import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import type { StepResult } from "../../../src/method/train/step.ts";
import { readGolden, type GoldenTensor } from "../../golden.ts";
import { asArrays, channelsLast } from "../../network.ts";

export const golden = readGolden("trajectory");
/** Tensors whose names begin so, by the rest of their names. */
export const withPrefix = (prefix: string): Record<string, GoldenTensor> =>
  Object.fromEntries(
    Object.entries(golden).flatMap(([key, tensor]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), tensor]] : [],
    ),
  );

export function batchOf(step: number): Batch {
  const part = withPrefix(`step${step}.`);
  return {
    names: ["first", "second"],
    size: 2,
    crop: 96,
    images: Uint8Array.from(channelsLast(part["image"]!).data as Float32Array),
    tags: Float32Array.from(part["cls_label"]!.data),
    boxes: Int32Array.from(part["img_box"]!.data),
  };
}

/** The settings of the 24 steps. */
export function trajectoryConfig({ warmupLosses = true } = {}) {
  const base = parseConfig({ preset: "voc" });
  return {
    ...base,
    model: {
      ...base.model,
      backbone: "mit_tiny" as const,
      decoderWidth: 32,
      dropPath: 0,
      dropout: 0,
    },
    data: { ...base.data, crop: 96, batch: 2 },
    pseudo: { ...base.pseudo, radius: 1 },
    train: {
      ...base.train,
      steps: 24,
      camSteps: 6,
      affinitySteps: 12,
      lr: 1e-3,
      warmupSteps: 4,
      warmupLosses,
    },
  };
}

/** The network at the start of the first step. */
export function trajectoryStart(config: ReturnType<typeof trajectoryConfig>) {
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const state = new NetworkState(network, config.train);
  state.load(asArrays(withPrefix("init.")));
  return { network, state };
}

/** Largest relative error of a step's losses and learning rate; losses that were not computed (null) are left out. */
export function trajectoryError(
  step: number,
  { losses, learningRate }: Pick<StepResult, "losses" | "learningRate">,
): number {
  const columns = golden["losses"]!.shape[1]!;
  const row = golden["losses"]!.data.subarray(step * columns, (step + 1) * columns);
  const actual = [losses.cls, losses.seg, losses.affinity, losses.total, learningRate];
  return Math.max(
    ...actual.map((value, i) => (value === null ? 0 : Math.abs(value / row[i]! - 1))),
  );
}
