import { MaskOrder } from "../files/datasets/index.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import type { JobSettings } from "../files/formats/journal.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { storedPath } from "../files/shards/item-list.ts";
import type { Host } from "../host/host.ts";
import { stageNames } from "../method/eval/stages.ts";
import type { EvaluateEvent } from "./evaluation-events.ts";
import type { ScoresFacts, StagesFacts } from "./evaluation-facts.ts";
import { EvaluationJournal } from "./evaluation-journal.ts";
import { withResultsFolder } from "./evaluation-results.ts";
import { evaluateInShards, type DividedEvaluation } from "./evaluation-shards.ts";
import type { JobOptions } from "./events.ts";
import { finishScores, finishStages, stagesFile } from "./finish-evaluation.ts";
import { contentSetting, fileSetting, settingsOf } from "./job-settings.ts";
import { unfinished as unfinishedError } from "./masks.ts";
import {
  measuresCam,
  scoreSamples,
  scoreStages,
  stageSamples,
  viewsOf,
  withModelAndData,
  withoutTruth,
  type EvaluateJob,
  type ModelAndData,
} from "./open-evaluation.ts";
import { predictTestSet, testSetFolder } from "./predict-test-set.ts";
import type { ShardTask } from "./shard-plan.ts";
import { predictInShards, type DividedPredictions } from "./test-set-shards.ts";
import { withCrf } from "./with-crf.ts";
import { untilAborted } from "./with-progress.ts";

export type {
  EvaluateEvent,
  PredictionsEvent,
  ScoresEvent,
  StagesEvent,
} from "./evaluation-events.ts";
export type { EvaluateJob } from "./open-evaluation.ts";

/** Evaluates a model: its scores on images with true masks, or else its predictions. */
export async function* evaluateModel(
  host: Host,
  job: EvaluateJob,
  options: JobOptions = {},
): AsyncGenerator<EvaluateEvent, void> {
  yield* withModelAndData(host, job, async function* (opened): AsyncGenerator<EvaluateEvent, void> {
    if (!opened.samples.some(({ mask }) => mask !== undefined)) {
      if (job.shards) yield* predictPart(host, opened, job, job.shards, options);
      else yield* predict(host, opened, job, options);
    } else if (job.shards) {
      yield* measureInShards(host, opened, job, job.shards, options);
    } else {
      yield* withResultsFolder(host, job, {
        settings: await evaluationSettings(host, "eval", opened, job),
        total: opened.samples.length,
        run: (unfinished) => measure(host, opened, job, unfinished, options),
      });
    }
  });
}

/** Measures a model after every part of the method. */
export async function* evaluateModelStages(
  host: Host,
  job: EvaluateJob,
  options: JobOptions = {},
): AsyncGenerator<EvaluateEvent, void> {
  yield* withModelAndData(host, job, async function* (all): AsyncGenerator<EvaluateEvent, void> {
    const opened = { ...all, samples: stageSamples(all, job.split) };
    if (job.shards) return yield* measureStagesInShards(host, opened, job, job.shards, options);
    yield* withResultsFolder(host, job, {
      settings: await evaluationSettings(host, "eval of stages", opened, job),
      total: opened.samples.length,
      names: [stagesFile],
      run: (unfinished) => measureStages(host, opened, job, unfinished, options),
    });
  });
}

/** Makes the settings of a job the same wherever its files lie. */
interface Portable {
  readonly out: string;
}

/** The settings that the results of an evaluation depend on. */
async function evaluationSettings(
  { store }: Host,
  kind: string,
  { segmenter, data, samples }: ModelAndData,
  job: EvaluateJob,
  portable?: Portable,
): Promise<JobSettings> {
  const { split, scales, flip, crf, cam, worst } = job;
  const { model, device, classes } = segmenter;
  const modelSetting = portable ? contentSetting : fileSetting;
  const place = (path: string): string => (portable ? storedPath(store, portable.out, path) : path);
  const root = portable ? place(data.root) : store.absolute(data.root);
  const about = {
    ...{ model: await modelSetting(store, model.file), device, classes },
    ...{ data: root, split, scales, flip, crf, cam, worst },
    ...(data.maskClasses && { maskLabels: data.maskClasses.labels }),
    longSide: viewsOf(segmenter, job).longSide,
  };
  return settingsOf(
    kind,
    about,
    samples.map(({ name, image, mask, tags, untagged }) => [
      ...[name, place(image), mask === undefined ? mask : place(mask)],
      ...[tags, untagged],
    ]),
  );
}

/** Makes the shards of a task of an evaluation. */
async function* measureInShards(
  host: Host,
  opened: ModelAndData,
  job: EvaluateJob,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const divided = await dividedEvaluation(host, "eval", opened, job, task);
  const { samples } = opened;
  const tagsOf = (index: number): readonly number[] | undefined => {
    const { tags, untagged } = samples[index]!;
    return untagged ? undefined : tags;
  };
  yield* withCrf(host, job.crf ?? false, (refinement) => {
    const measure: DividedEvaluation["measure"] = ({ first, end }, known) =>
      scoreSamples({ ...opened, samples: samples.slice(first, end) }, job, refinement, known);
    const { worst } = job;
    const facts = scoresFacts(opened, job);
    return evaluateInShards(host, { ...divided, facts, worst, tagsOf, measure }, options);
  });
}

/** Makes the shards of a task of an evaluation after every part of the method. */
async function* measureStagesInShards(
  host: Host,
  opened: ModelAndData,
  job: EvaluateJob,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const divided = await dividedEvaluation(host, "eval of stages", opened, job, task);
  yield* withCrf(host, true, (refinement) => {
    const measure: DividedEvaluation["measure"] = ({ first, end }, known) => {
      const samples = opened.samples.slice(first, end);
      return scoreStages({ ...opened, samples }, job, refinement, known);
    };
    const facts = stagesFacts(opened, job);
    return evaluateInShards(host, { ...divided, facts, worst: 0, measure }, options);
  });
}

/** What both have in common. */
async function dividedEvaluation(
  host: Host,
  kind: string,
  opened: ModelAndData,
  job: EvaluateJob,
  task: ShardTask,
): Promise<Pick<DividedEvaluation, "out" | "task" | "settings" | "classes" | "names">> {
  const { out } = job;
  const { samples, segmenter } = opened;
  const settings = await evaluationSettings(host, kind, opened, job, { out: out ?? "." });
  const names = samples.map(({ name }) => name);
  return { out, task, settings, classes: segmenter.classes, names };
}

function scoresFacts({ segmenter, data }: ModelAndData, job: EvaluateJob): ScoresFacts {
  const { split, crf = false } = job;
  const cam = measuresCam(segmenter, job);
  const about = { model: segmenter.model.file, data: data.root, split };
  const { maskClasses } = data;
  const names = { names: maskClasses !== undefined, note: maskClasses?.note ?? null };
  return { kind: "scores", ...about, ...viewsOf(segmenter, job), crf, cam, ...names };
}

function stagesFacts({ segmenter, data }: ModelAndData, job: EvaluateJob): StagesFacts {
  const { longSide } = viewsOf(segmenter, job);
  const stages = stageNames({ activations: segmenter.activations !== null, crf: true });
  const about = { model: segmenter.model.file, data: data.root, split: job.split };
  return { kind: "stages", ...about, longSide, stages };
}

async function* measureStages(
  host: Host,
  opened: ModelAndData,
  job: EvaluateJob,
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, boolean> {
  const { samples } = opened;
  const names = samples.map(({ name }) => name);
  const journal = await EvaluationJournal.open(unfinished, new WorstImages(host.codec, 0), names);
  yield { type: "started" };
  const evaluation = withCrf(host, true, (refinement) =>
    scoreStages(opened, job, refinement, journal.known),
  );
  const scores = yield* untilAborted(evaluation, {
    ...options,
    kept: () => journal.kept,
    each: (step) => journal.enter(step),
  });
  if (!scores) return false;
  yield { type: "left-out", problems: scores.skipped };
  const finish = { out: job.out, total: samples.length };
  yield await finishStages(host, stagesFacts(opened, job), scores, finish);
  return true;
}

/** Measures the final masks, and activations if they are wanted. */
async function* measure(
  host: Host,
  opened: ModelAndData,
  job: EvaluateJob,
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, boolean> {
  const { samples, segmenter } = opened;
  const { out, crf: withRefinement = false } = job;
  const { classes } = segmenter.model;
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
    scoreSamples(opened, job, refinement, journal.known),
  );
  const evaluation = yield* untilAborted(evaluating, {
    ...options,
    kept: () => journal.kept,
    each: (step) => journal.enter(step),
  });
  if (!evaluation) return false;
  yield { type: "left-out", problems: evaluation.skipped };
  const facts = scoresFacts(opened, job);
  const { truth } = journal;
  const finish = { out, total: samples.length, truth, worst: worst.images };
  yield await finishScores(host, facts, classes, evaluation, order, finish);
  return true;
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
  const opened = { segmenter, data, samples };
  const settings = await evaluationSettings(host, "predictions", opened, job);
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

/** Makes the shards of a task of predictions. */
async function* predictPart(
  host: Host,
  opened: ModelAndData,
  job: EvaluateJob,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<EvaluateEvent, void> {
  const divided = await dividedEvaluation(host, "predictions", opened, job, task);
  const { samples, segmenter, data } = opened;
  const views = viewsOf(segmenter, job);
  const about = { ...divided, data, model: segmenter.model.file, split: job.split };
  yield* withCrf(host, job.crf ?? false, (refinement) => {
    const predictThese: DividedPredictions["predict"] = ({ first, end }, folder) => {
      const own = samples.slice(first, end);
      return predictTestSet(host, own, segmenter, folder, { ...views, ...refinement });
    };
    return predictInShards(host, { ...about, predict: predictThese }, options);
  });
}
