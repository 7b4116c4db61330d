import type { Runtime } from "../../../src/engine/graph/index.ts";
import { affinityLabel } from "../../../src/method/labels/index.ts";
import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { Afa } from "../../../src/method/model/index.ts";
import type { LabelSource } from "../../../src/method/train/labels.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper, type StepResult } from "../../../src/method/train/step.ts";
import { readGolden, type GoldenTensor } from "../../golden.ts";
import { asArrays, channelsLast } from "../../arrays.ts";

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

/** Labels of golden trajectory, for its own step. */
function goldenLabels(step: () => number): LabelSource {
  return {
    async make() {
      const data = golden[`step${step()}.seg_label`]!.data as Uint8Array;
      const labels = [0, 1].map((i) => {
        const seg = { width: 96, height: 96, data: data.subarray(i * 96 * 96, (i + 1) * 96 * 96) };
        return { seg, affinity: affinityLabel(seg, { radius: 1 }) };
      });
      return { labels, seconds: { cam: 0, labels: 0 } };
    },
    async rest() {},
  };
}

/**
 * How far a runtime is from golden trajectory: errors of five steps, before the last of which the state is taken from the device
 * and put there again.
 */
export async function trajectoryErrors(runtime: Runtime): Promise<Record<string, number>> {
  const config = trajectoryConfig();
  const { network, state } = trajectoryStart(config);
  let step = 0;
  const stepperOf = (of: NetworkState): Stepper =>
    new Stepper(
      runtime,
      network,
      of,
      config,
      () => 0,
      goldenLabels(() => step),
    );
  const errors: Record<string, number> = {};
  const run = async (stepper: Stepper): Promise<void> => {
    errors[`step ${step}`] = trajectoryError(step, await stepper.run(step, batchOf(step)));
    step++;
  };
  const first = stepperOf(state);
  while (step < 4) await run(first);
  await first.download();
  const restored = new NetworkState(network, config.train);
  restored.restore(state.tensors());
  await first.release();
  const second = stepperOf(restored);
  await run(second);
  await second.release();
  return errors;
}
