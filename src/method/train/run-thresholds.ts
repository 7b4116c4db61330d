import type { Config } from "../config.ts";
import type { BatchSource } from "../data/sample.ts";
import type { Runtime } from "../../engine/graph/index.ts";
import type { NetworkFeeds } from "../inference/network-feeds.ts";
import { thresholdsOf, type Thresholds } from "../labels/index.ts";
import type { Afa } from "../model/index.ts";
import type { ThresholdsEvent, TrainingState } from "./events.ts";
import { labelInputs } from "./label-inputs.ts";
import { phaseAt } from "./phase.ts";
import { chooseThresholds, CropActivations, measureFit } from "./threshold-fit.ts";
import type { ActivatedCrop } from "./threshold-fit.ts";

/** Thresholds of a run whose fit has been measured, as a checkpoint stores them. */
export interface RunThresholds extends Thresholds {
  /** Whether they were chosen from tags; otherwise they are those of the settings. */
  readonly chosen: boolean;
}

/** Name of the thresholds in a checkpoint's metadata. */
export const thresholdsKey = "thresholds";

/**
 * Least number of crops on which thresholds are measured by default; whole batches are taken. One batch tells how set ones
 * suit the images, and costs no more than the labels of a step.
 */
export const measuredCrops = { auto: 64, fixed: 1 } as const;

/** Thresholds in a checkpoint; undefined where they are not measured yet, and in those of older versions. */
export function storedThresholds(state: TrainingState | undefined): RunThresholds | undefined {
  const text = state?.metadata[thresholdsKey];
  return text === undefined ? undefined : (JSON.parse(text) as RunThresholds);
}

/** Settings with the thresholds that a run has chosen; unchanged if it has not. */
export function withThresholds(config: Config, thresholds: RunThresholds | undefined): Config {
  if (!thresholds?.chosen) return config;
  const { low: lowThreshold, high: highThreshold } = thresholds;
  return { ...config, pseudo: { ...config.pseudo, lowThreshold, highThreshold } };
}

/** Whether the classification phase is over after so many steps: the next one makes labels, or there is none. */
export function endsClassification(stepsDone: number, train: Config["train"]): boolean {
  return stepsDone >= train.steps || phaseAt(stepsDone, train) !== "classification";
}

export interface MeasureOptions {
  readonly runtime: Runtime;
  readonly network: Afa;
  readonly feeds: NetworkFeeds;
  readonly config: Config;
  readonly batches: BatchSource;
  /** Number of crops to measure on; whole batches are taken. */
  readonly count?: number | undefined;
  /** Asked before every batch; true ends the measurement. */
  readonly stop: () => boolean;
}

/**
 * Measures, on the batches of the following steps and from tags alone, how the thresholds of the settings suit the network's
 * activations; with `pseudo.thresholds` "auto", chooses them before. The result depends on the weights and the step alone.
 * Returns null if it was stopped.
 */
export async function measureThresholds(
  stepsDone: number,
  { runtime, network, feeds, config, batches, stop, ...options }: MeasureOptions,
): Promise<ThresholdsEvent | null> {
  const { count = measuredCrops[config.pseudo.thresholds] } = options;
  const activations = new CropActivations(runtime, network, feeds, config);
  const crops: ActivatedCrop[] = [];
  try {
    for (let step = stepsDone; crops.length < count; step++) {
      if (stop()) return null;
      const batch = await batches.next(step);
      for (const input of labelInputs(batch, network.classes)) {
        crops.push(await activations.run(input));
      }
    }
  } finally {
    await activations.release();
  }
  const automatic = config.pseudo.thresholds === "auto";
  const chosen = automatic ? chooseThresholds(crops, config) : null;
  const thresholds = chosen ?? thresholdsOf(config);
  const fit = measureFit(crops, thresholds, config, network.classes);
  const { low, high } = thresholds;
  return { type: "thresholds", step: stepsDone, low, high, chosen: chosen !== null, ...fit };
}
