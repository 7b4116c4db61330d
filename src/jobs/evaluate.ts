import { MaskOrder, samplesOf, type OpenedDataset } from "../files/datasets/index.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import type { MaskFinding } from "../files/formats/label-counts.ts";
import type { JobSettings } from "../files/formats/journal.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import { evaluate, type Evaluation } from "../method/eval/evaluator.ts";
import { evaluateStages } from "../method/eval/stages.ts";
import type { Segmenter } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import type { EvaluateEvent } from "./evaluation-events.ts";
import { EvaluationJournal } from "./evaluation-journal.ts";
import { withResultsFolder, writeResults, type ResultsFolder } from "./evaluation-results.ts";
import type { JobOptions } from "./events.ts";
import { fileSetting, settingsOf } from "./job-settings.ts";
import { unfinished as unfinishedError } from "./masks.ts";
import { predictTestSet, testSetFolder } from "./predict-test-set.ts";
import { readDataset } from "./read-dataset.ts";
import { openSegmenterInLanes, type ModelOptions } from "./segmenter-in-lanes.ts";
import { scoreFindings } from "./score-warnings.ts";
import { withCrf } from "./with-crf.ts";
import { untilAborted } from "./with-progress.ts";

export type {
  EvaluateEvent,
  PredictionsEvent,
  ScoresEvent,
  StagesEvent,
} from "./evaluation-events.ts";

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

/** Evaluates a model: its scores on images with true masks, or else its predictions. */
export async function* evaluateModel(
  host: Host,
  job: EvaluateJob,
  options: JobOptions = {},
): AsyncGenerator<EvaluateEvent, void> {
  yield* withModelAndData(host, job, async function* (opened) {
    if (opened.samples.some(({ mask }) => mask !== undefined)) {
      yield* withResultsFolder(host, job, {
        settings: await evaluationSettings(host, "eval", opened, job, opened.samples),
        total: opened.samples.length,
        run: (unfinished) => measure(host, opened, job, unfinished, options),
      });
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
    const scored = samples.filter(({ mask, untagged }) => mask !== undefined && !untagged);
    if (!samples.some(({ mask }) => mask !== undefined)) throw withoutTruth(data, job.split);
    yield* withResultsFolder(host, job, {
      settings: await evaluationSettings(host, "eval of stages", opened, job, scored),
      total: scored.length,
      names: [stagesFile],
      run: (unfinished) =>
        measureStages(host, { ...opened, samples: scored }, job, unfinished, options),
    });
  });
}

/** The settings that the results of an evaluation depend on. */
async function evaluationSettings(
  { store }: Host,
  kind: string,
  { segmenter, data }: ModelAndData,
  job: EvaluateJob,
  samples: ModelAndData["samples"],
): Promise<JobSettings> {
  const { split, scales, flip, crf, cam, worst } = job;
  const { model, device, classes } = segmenter;
  const about = {
    ...{ model: await fileSetting(store, model.file), device, classes },
    ...{ data: store.absolute(data.root), split, scales, flip, crf, cam, worst },
    ...(data.maskClasses && { maskLabels: data.maskClasses.labels }),
    longSide: viewsOf(segmenter, job).longSide,
  };
  return settingsOf(
    kind,
    about,
    samples.map(({ name, image, mask, tags, untagged }) => [name, image, mask, tags, untagged]),
  );
}

async function* measureStages(
  host: Host,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, boolean> {
  const { split, scales, out } = job;
  const { config, classes, file: model } = segmenter.model;
  const { longSide } = viewsOf(segmenter, job);
  const names = samples.map(({ name }) => name);
  const journal = await EvaluationJournal.open(unfinished, new WorstImages(host.codec, 0), names);
  yield { type: "started" };
  const evaluation = withCrf(host, true, (refinement) =>
    evaluateStages(samples, data.reader, segmenter, {
      config,
      classes,
      longSide,
      lanes: segmenter.lanes,
      known: journal.known,
      ...(scales && { scales }),
      ...refinement,
    }),
  );
  const scores = yield* untilAborted(evaluation, {
    ...options,
    kept: () => journal.kept,
    each: async ({ measured }) => {
      if (measured) await journal.record(measured);
    },
  });
  if (!scores) return false;
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
  return true;
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
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, boolean> {
  const { split, out, crf: withRefinement = false } = job;
  const { config, classes, file: model } = segmenter.model;
  const views = viewsOf(segmenter, job);
  const withCam = job.cam && segmenter.activations !== null;
  const worst = new WorstImages(host.codec, out === undefined ? 0 : job.worst);
  const names = samples.map(({ name }) => name);
  const order = new MaskOrder();
  const journal = await EvaluationJournal.open(unfinished, worst, names, (index, truth) => {
    const { tags, untagged } = samples[index]!;
    const values = truth.map(([value]) => value);
    if (!untagged) order.add(tags, values, classes.length);
  });
  yield { type: "started" };
  const evaluating = withCrf(host, withRefinement, (refinement) =>
    evaluate(samples, data.reader, segmenter, {
      config,
      classes,
      ...views,
      cam: withCam,
      results: true,
      known: journal.known,
      lanes: segmenter.lanes,
      ...refinement,
    }),
  );
  const evaluation = yield* untilAborted(evaluating, {
    ...options,
    kept: () => journal.kept,
    each: async ({ measured, result }) => {
      if (measured) await journal.record(measured, result && { ...result, name: measured.name });
    },
  });
  if (!evaluation) return false;
  const { images, masks, skipped, accuracy } = evaluation;
  yield { type: "left-out", problems: skipped };
  if (masks === 0) throw nothingMeasured(skipped, samples.length);
  const matrices = matricesOf(evaluation, withCam);
  const { tagF1 } = evaluation.metrics;
  const about = { model, data: data.root, split, ...views, crf: withRefinement, images };
  const final = Object.values(matrices).at(-1)!;
  const warnings = [
    ...orderFindings(data, order),
    ...scoreFindings(final, classes, journal.truth, data.root),
  ];
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
  return true;
}

/** What is told about the order in which true masks number the classes. */
function orderFindings(
  { root, classes, maskClasses }: OpenedDataset,
  order: MaskOrder,
): MaskFinding[] {
  if (maskClasses) return maskClasses.note === undefined ? [] : [{ message: maskClasses.note }];
  const finding = order.finding(classes);
  return finding ? [{ ...finding, message: `${root}: ${finding.message}` }] : [];
}

async function* predict(
  host: Host,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const { out, split, overwrite = false, resume = false } = job;
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
  const settings = await evaluationSettings(
    host,
    "predictions",
    { segmenter, data, samples },
    job,
    samples,
  );
  const folder = await testSetFolder(host, out, data, { overwrite, resume, settings });
  const { path, top } = folder;
  let isComplete = false;
  let hasFailed = false;
  try {
    yield { type: "predicting", split };
    const views = viewsOf(segmenter, job);
    const run = withCrf(host, job.crf ?? false, (refinement) =>
      predictTestSet(host, samples, segmenter, folder, {
        ...views,
        ...refinement,
      }),
    );
    const kept = (): number => folder.finished;
    const result = yield* untilAborted(run, { ...options, out: path, kept });
    if (!result) return;
    const { masks, skipped, replaced } = result;
    isComplete = replaced !== undefined;
    const model = segmenter.model.file;
    const images = samples.length;
    const places = { path, out, top };
    const written = { masks, images, skipped, ...(replaced && { replaced }) };
    yield { type: "predictions", model, split, ...places, ...written };
  } catch (error) {
    hasFailed = true;
    throw unfinishedError(error, folder.finished, samples.length);
  } finally {
    const stopping = isComplete ? Promise.resolve() : folder.stop();
    // A disk that fails may refuse this too; the first reason is the one to tell.
    await (hasFailed ? stopping.catch(() => undefined) : stopping);
  }
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
