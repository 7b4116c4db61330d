import { samplesOf } from "../files/datasets/index.ts";
import type { DeviceChoice } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import {
  evaluateStages,
  type StageExample,
  type StageName,
  type StageScores,
} from "../method/eval/stages.ts";
import type { DeviceEvent, ProgressEvent, ReadingEvent } from "./events.ts";
import { openSegmenterInLanes } from "./segmenter-in-lanes.ts";
import { readDataset } from "./read-dataset.ts";
import { withProgress } from "./with-progress.ts";
import { withCrf } from "./with-crf.ts";

/** Scores of the demo with one seed. */
export interface MeasuredSeed {
  readonly seed: number;
  readonly run: string;
  readonly scores: StageScores;
}

/** Scores of a stage over all seeds. */
export interface StageSummary {
  readonly name: StageName;
  readonly title: string;
  /** mIoU of each seed, 0..1. */
  readonly scores: readonly number[];
  readonly mean: number;
  /** Sample standard deviation; 0 for a single seed. */
  readonly deviation: number;
}

/** Scores of all stages over all seeds. */
export interface SeedSummary {
  readonly stages: readonly StageSummary[];
  /** Mean F1 of the tags. */
  readonly tagF1: number;
}

/** Number of test images that the report shows. */
const shownExamples = 5;

/** Measures every stage of a trained model on the test split of its data. */
export async function* measureStages(
  host: Host,
  run: string,
  folder: string,
  device: DeviceChoice,
): AsyncGenerator<
  DeviceEvent | ProgressEvent | ReadingEvent,
  { readonly scores: StageScores; readonly examples: readonly StageExample[] }
> {
  const work = { images: Infinity, activations: true };
  const segmenter = yield* openSegmenterInLanes(host, { model: run, device: device.device }, work);
  try {
    return yield* withCrf(host, true, async function* (refinement) {
      const { config, classes } = segmenter.model;
      const data = yield* readDataset(host, folder, {
        seed: config.train.seed,
        mergeCase: config.data.mergeCase,
      });
      const stages = evaluateStages(samplesOf(data, "test"), data.reader, segmenter, {
        config,
        classes,
        longSide: config.eval.longSide,
        lanes: segmenter.lanes,
        examples: shownExamples,
        ...refinement,
      });
      const { examples, ...scores } = yield* withProgress(stages);
      return { scores, examples };
    });
  } finally {
    await segmenter.release();
  }
}

/** Calculates mean and deviation of every stage over the seeds. */
export function summarize(measured: readonly MeasuredSeed[]): SeedSummary {
  const stages = measured[0]!.scores.stages.map(({ name, title }, i): StageSummary => {
    const scores = measured.map((seed) => seed.scores.stages[i]!.meanIou);
    return { name, title, scores, ...meanAndDeviation(scores) };
  });
  const { mean: tagF1 } = meanAndDeviation(measured.map(({ scores }) => scores.tagF1));
  return { stages, tagF1 };
}

function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
