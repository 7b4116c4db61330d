import { samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import { LabelCounts, type MaskFinding } from "../files/formats/label-counts.ts";
import { join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import { evaluate, type Evaluation } from "../method/eval/evaluator.ts";
import { evaluateStages, type StageScores } from "../method/eval/stages.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import { withResultsFolder, writeResults, type ResultsFolder } from "./evaluation-results.ts";
import type {
  DeviceEvent,
  JobOptions,
  ProgressEvent,
  ReadingEvent,
  StoppedEvent,
} from "./events.ts";
import { predictTestSet, testSetFolder } from "./predict-test-set.ts";
import { readDataset } from "./read-dataset.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import { scoreFindings } from "./score-warnings.ts";
import { withCrf } from "./with-crf.ts";
import { untilAborted } from "./with-progress.ts";

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
}

/** Scores of a model on images with true masks. */
export interface ScoresEvent {
  readonly type: "scores";
  readonly model: string;
  readonly split: string;
  readonly classes: readonly string[];
  /** Counts of every kind of mask that was measured, the final masks last. */
  readonly matrices: Partial<Evaluation["matrices"]>;
  readonly tagF1: number;
  /** Accuracies of the segmentation branch. */
  readonly accuracy: Evaluation["accuracy"];
  readonly images: number;
  readonly masks: number;
  readonly skipped: readonly string[];
  /** Reasons to doubt the scores. */
  readonly warnings: readonly MaskFinding[];
  /** Files that were written. */
  readonly files: readonly string[];
}

/** Predictions of images without true masks. */
export interface PredictionsEvent {
  readonly type: "predictions";
  readonly model: string;
  readonly split: string;
  /** The folder of the masks. */
  readonly path: string;
  /** Folder that was asked for, and the folder in it to pack for a server. */
  readonly out: string;
  readonly top: string;
  readonly masks: number;
  readonly images: number;
  readonly skipped: readonly string[];
}

/** mIoU after every part of the method. */
export interface StagesEvent extends StageScores {
  readonly type: "stages";
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly longSide: number;
  /** The file with the scores, if one was wanted. */
  readonly file?: string;
}

export type EvaluateEvent =
  | DeviceEvent
  | ReadingEvent
  | { readonly type: "started" }
  | ProgressEvent
  /** There is no truth in the split: predictions are written. */
  | { readonly type: "predicting"; readonly split: string }
  /** Images that could not be measured or predicted, one sentence each. */
  | { readonly type: "left-out"; readonly problems: readonly string[] }
  /** `out` is the folder with the predictions so far; scores leave nothing behind. */
  | (StoppedEvent & { readonly out?: string })
  | ScoresEvent
  | PredictionsEvent
  | StagesEvent;

/** Evaluates a model: its scores on images with true masks, or else its predictions. */
export async function* evaluateModel(
  host: Host,
  job: EvaluateJob,
  options: JobOptions = {},
): AsyncGenerator<EvaluateEvent, void> {
  yield* withModelAndData(host, job, async function* (opened) {
    if (opened.samples.some(({ mask }) => mask !== undefined)) {
      yield* withResultsFolder(host, job, measure(host, opened, job, options));
    } else {
      yield* predict(host, opened, job, options);
    }
  });
}

/** Measures a model after every part of the method. */
export async function* evaluateModelStages(
  host: Host,
  job: EvaluateJob,
  options: JobOptions = {},
): AsyncGenerator<EvaluateEvent, void> {
  yield* withModelAndData(host, job, async function* (opened) {
    const { data, samples } = opened;
    if (!samples.some(({ mask }) => mask !== undefined)) throw withoutTruth(data, job.split);
    const stages = measureStages(host, opened, job, options);
    yield* withResultsFolder(host, job, stages, [stagesFile]);
  });
}

async function* measureStages(
  host: Host,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const { split, scales, out } = job;
  const { config, classes, file: model } = segmenter.model;
  const { longSide } = viewsOf(segmenter, job);
  yield { type: "started" };
  const evaluation = withCrf(host, true, (refinement) =>
    evaluateStages(samples, data.reader, segmenter, {
      config,
      classes,
      longSide,
      lanes: segmenter.lanes,
      ...(scales && { scales }),
      ...refinement,
    }),
  );
  const scores = yield* untilAborted(evaluation, options);
  if (!scores) return;
  const { stages, tagF1, masks, skipped } = scores;
  yield { type: "left-out", problems: skipped };
  if (masks === 0) throw nothingMeasured(skipped, samples.length);
  const result = { model, data: data.root, split, longSide, stages, tagF1, masks, skipped };
  const file = out === undefined ? undefined : join(out, stagesFile);
  if (file !== undefined) {
    const text = `${JSON.stringify(result, undefined, 2)}\n`;
    await host.store.write([{ path: file, data: text }]);
  }
  yield { type: "stages", ...result, ...(file !== undefined && { file }) };
}

const stagesFile = "stages.json";

interface ModelAndData {
  readonly segmenter: Segmenter;
  readonly data: OpenedDataset;
  readonly samples: OpenedDataset["splits"][string];
}

/** Opens a model and the images to measure it on, and releases the model afterwards. */
async function* withModelAndData(
  host: Host,
  job: EvaluateJob,
  use: (opened: ModelAndData) => AsyncGenerator<EvaluateEvent, void>,
): AsyncGenerator<EvaluateEvent, void> {
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

/** Measures the final masks, and activations if they are wanted. */
async function* measure(
  host: Host,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const { split, out, crf: withRefinement = false } = job;
  const { config, classes, file: model } = segmenter.model;
  const views = viewsOf(segmenter, job);
  const withCam = job.cam && segmenter.activations !== null;
  const worst = new WorstImages(host.codec, out === undefined ? 0 : job.worst);
  const truth = new LabelCounts();
  yield { type: "started" };
  const evaluating = withCrf(host, withRefinement, (refinement) =>
    evaluate(samples, data.reader, segmenter, {
      config,
      classes,
      ...views,
      cam: withCam,
      results: true,
      lanes: segmenter.lanes,
      ...refinement,
    }),
  );
  const evaluation = yield* untilAborted(evaluating, {
    ...options,
    each: async ({ result }) => {
      if (!result) return;
      truth.add(result.sample.name, result.truth.data);
      if (out !== undefined) await worst.add({ ...result, name: result.sample.name });
    },
  });
  if (!evaluation) return;
  const { images, masks, skipped, accuracy } = evaluation;
  yield { type: "left-out", problems: skipped };
  if (masks === 0) throw nothingMeasured(skipped, samples.length);
  const matrices = matricesOf(evaluation, withCam);
  const { tagF1 } = evaluation.metrics;
  const about = { model, data: data.root, split, ...views, crf: withRefinement, images };
  const final = Object.values(matrices).at(-1)!;
  const warnings = scoreFindings(final, classes, truth, data.root);
  const files = await writeResults(host, job, {
    about,
    warnings: warnings.map(({ message }) => message),
    classes,
    matrices,
    masks,
    skipped,
    title: `Worst of ${split}`,
    tagF1,
    worst: worst.images,
  });
  const scores = { model, split, classes, matrices, tagF1, accuracy, images, masks, skipped };
  yield { type: "scores", ...scores, warnings, files };
}

async function* predict(
  host: Host,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const { out, split, overwrite = false } = job;
  if (out === undefined) {
    throw withoutTruth(data, split, {
      remedies: [
        {
          kind: "option",
          name: "out",
          value: "<folder>",
          purpose: "writes the predictions for whoever has the truth",
        },
      ],
    });
  }
  const folder = await testSetFolder(host, out, data, { overwrite });
  const { path, top } = folder;
  yield { type: "predicting", split };
  const views = viewsOf(segmenter, job);
  const run = withCrf(host, job.crf ?? false, (refinement) =>
    predictTestSet(host, samples, segmenter, folder, {
      ...views,
      ...refinement,
    }),
  );
  const result = yield* untilAborted(run, { ...options, out: path });
  if (!result) return;
  const { masks, skipped } = result;
  const model = segmenter.model.file;
  yield {
    type: "predictions",
    model,
    split,
    path,
    out,
    top,
    masks,
    images: samples.length,
    skipped,
  };
}

/** How images are seen: as the job says, or else as the model's settings do. */
function viewsOf(
  { model: { config } }: Segmenter,
  { scales, flip, longSide }: Pick<EvaluateJob, "scales" | "flip" | "longSide">,
): { readonly scales: readonly number[]; readonly flip: boolean; readonly longSide: number } {
  return {
    scales: scales ?? config.eval.scales,
    flip: flip ?? config.eval.flip,
    longSide: longSide ?? config.eval.longSide,
  };
}

/** The counts that were asked for, the final masks last. */
function matricesOf(
  { matrices: { cam, affinityCam, seg, crf } }: Evaluation,
  withCam: boolean,
): Evaluation["matrices"] | Pick<Evaluation["matrices"], "seg" | "crf"> {
  return { ...(withCam && { cam, affinityCam }), seg, ...(crf && { crf }) };
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

function withoutTruth(
  { root }: OpenedDataset,
  split: string,
  options: ConstructorParameters<typeof UserError>[1] = {},
): UserError {
  return new UserError(`${root}: no image of the split "${split}" has a mask to measure against`, {
    code: "no-truth",
    ...options,
  });
}

function nothingMeasured([first]: readonly string[], count: number): UserError {
  return new UserError(`${first}; none of the ${count} images can be measured`);
}
