import { samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import type { Host } from "../host/host.ts";
import { evaluate, type Evaluation, type EvaluationProgress } from "../method/eval/evaluator.ts";
import { evaluateStages, type StageScores } from "../method/eval/stages.ts";
import type { KnownScores } from "../method/eval/tally.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, ReadingEvent } from "./events.ts";
import type { ResultsFolder } from "./evaluation-results.ts";
import { readDataset } from "./read-dataset.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import type { ShardTask } from "./shard-plan.ts";
import type { CrfOptions } from "./with-crf.ts";

export interface EvaluateJob extends ModelOptions, ResultsFolder {
  /** Folder of the data set. */
  readonly data: string;
  readonly split: string;
  readonly scales?: readonly number[];
  readonly flip?: boolean;
  readonly longSide?: number;
  readonly crf?: boolean;
  /** Whether class activation maps are measured too. */
  readonly cam: boolean;
  /** Make only the shards of one task, in the folder `out`; a merge makes the scores of all shards. */
  readonly shards?: ShardTask;
}

export interface ModelAndData {
  readonly segmenter: Segmenter;
  readonly data: OpenedDataset;
  readonly samples: OpenedDataset["splits"][string];
}

/** Opens a model and the images to measure it on, and releases the model afterwards. */
export async function* withModelAndData<E>(
  host: Host,
  job: EvaluateJob,
  use: (opened: ModelAndData) => AsyncGenerator<E, void>,
): AsyncGenerator<E | DeviceEvent | ReadingEvent, void> {
  const { scales, flip, longSide, cam } = job;
  // Their number is not known yet; hardly ever are there fewer than cores.
  const work = { images: Infinity, scales, flip, longSide, activations: cam };
  const segmenter = yield* openSegmenterInLanes(host, job, work);
  try {
    const { config } = segmenter.model;
    const { mergeCase } = config.data;
    const data = yield* readDataset(host, job.data, { seed: config.train.seed, mergeCase });
    const samples = samplesOf(data, job.split);
    checkSameClasses(segmenter, data.classes, job.data);
    yield* use({ segmenter, data, samples });
  } finally {
    await segmenter.release();
  }
}

/** The samples whose stages can be scored; a UserError if none has a true mask. */
export function stageSamples(
  { data, samples }: ModelAndData,
  split: string,
): ModelAndData["samples"] {
  if (!samples.some(({ mask }) => mask !== undefined)) throw withoutTruth(data, split);
  return samples.filter(({ mask, untagged }) => mask !== undefined && !untagged);
}

/** Whether class activations are measured: an exported model has none. */
export function measuresCam(
  { activations }: Segmenter,
  { cam }: Pick<EvaluateJob, "cam">,
): boolean {
  return cam && activations !== null;
}

/** Scores samples by their final masks, and by activations if they are wanted. */
export function scoreSamples(
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  refinement: CrfOptions,
  known: KnownScores,
): AsyncGenerator<EvaluationProgress, Evaluation> {
  const { config, classes } = segmenter.model;
  return evaluate(samples, data.reader, segmenter, {
    config,
    classes,
    ...viewsOf(segmenter, job),
    cam: measuresCam(segmenter, job),
    results: true,
    known,
    lanes: segmenter.lanes,
    ...refinement,
  });
}

/** Scores samples after every part of the method. */
export function scoreStages(
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  refinement: CrfOptions,
  known: KnownScores,
): AsyncGenerator<EvaluationProgress, StageScores> {
  const { config, classes } = segmenter.model;
  const { longSide } = viewsOf(segmenter, job);
  return evaluateStages(samples, data.reader, segmenter, {
    config,
    classes,
    longSide,
    lanes: segmenter.lanes,
    known,
    ...(job.scales && { scales: job.scales }),
    ...refinement,
  });
}

/** How images are seen: as the job says, or else as the model's settings do. */
export function viewsOf(
  { model: { config } }: Segmenter,
  { scales, flip, longSide }: Pick<EvaluateJob, "scales" | "flip" | "longSide">,
): { readonly scales: readonly number[]; readonly flip: boolean; readonly longSide: number } {
  return {
    scales: scales ?? config.eval.scales,
    flip: flip ?? config.eval.flip,
    longSide: longSide ?? config.eval.longSide,
  };
}

function checkSameClasses(
  { classes, model }: Segmenter,
  found: readonly string[],
  data: string,
): void {
  if (JSON.stringify(found) === JSON.stringify(classes)) return;
  throw new UserError(
    `${data}: its ${found.length} classes are ${found.join(", ")}; ${model.file} was trained on ` +
      `${classes.length}: ${classes.join(", ")}; masks count classes in this order, so they must agree`,
    { code: "other-classes" },
  );
}

export function withoutTruth(
  { root }: OpenedDataset,
  split: string,
  options: ConstructorParameters<typeof UserError>[1] = {},
): UserError {
  return new UserError(`${root}: no image of the split "${split}" has a mask to measure against`, {
    code: "no-truth",
    ...options,
  });
}
