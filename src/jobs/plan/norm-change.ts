import type { Config } from "../../method/config.ts";
import type { TrainingState } from "../../method/train/events.ts";
import { synchronizesNorm } from "../../method/train/micro-batch-sums.ts";

/**
 * Says that a run goes on with another BatchNorm than before, because `train.syncNorm` in its settings was changed; undefined if it was
 * not, or makes no difference as batches are computed whole.
 */
export function describeNormChange(
  run: string,
  config: Config,
  { step, metadata }: TrainingState,
): string | undefined {
  if (metadata["config"] === undefined) return undefined;
  const stored = JSON.parse(metadata["config"]) as { train?: { syncNorm?: boolean } };
  // A checkpoint of a version without the setting normalized each micro-batch by itself.
  const before = stored.train?.syncNorm ?? false;
  const after = config.train.syncNorm;
  const as = (syncNorm: boolean): boolean =>
    synchronizesNorm({ ...config, train: { ...config.train, syncNorm } });
  if (as(before) === as(after)) return undefined;
  return (
    `${run}: until step ${step} train.syncNorm was ${before}, and is ${after} now: from here on the decoder's BatchNorm normalizes by ` +
    `the statistics of ${after ? "whole batches" : "each micro-batch"}, so the run is not one that had the setting from its start`
  );
}
