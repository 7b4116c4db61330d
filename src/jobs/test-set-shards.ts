import { nameOutputs, type OutputName } from "../files/formats/output-names.ts";
import { openShardFolder, shardItems, type ShardPlan } from "../files/shards/plan.ts";
import { writeRecords } from "../files/shards/write-records.ts";
import { counted } from "../files/text/units.ts";
import type { Host } from "../host/host.ts";
import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import { UserError } from "../user-error.ts";
import type { EvaluationShardsEvent, TaskStoppedEvent } from "./evaluation-events.ts";
import {
  folderOfShards,
  withTaskProgress,
  type DividedEvaluation,
  type TaskProgress,
} from "./evaluation-shards.ts";
import type { JobOptions } from "./events.ts";
import { predictionsJob, type PlannedPredictions } from "./planned-predictions.ts";
import {
  isForVocServer,
  testSetFolder,
  type TestSet,
  type TestSetFolder,
  type TestSetResult,
} from "./predict-test-set.ts";
import { runShards, shardsInWords, type ShardEnd } from "./run-shards.ts";
import { listed } from "./score-masks.ts";
import { publishShard, takenOver, takeShard } from "./shard-folder.ts";
import { alreadyFound, openPlan } from "./shard-plan.ts";
import { untilAborted } from "./with-progress.ts";

/** Where the predictions of a part of the images go, which are counted from its first one. */
export type TestSetPart = Pick<TestSetFolder, "has" | "keep" | "write" | "finish">;

/** Predictions of images without truth, in shards. */
export interface DividedPredictions extends Pick<
  DividedEvaluation,
  "out" | "task" | "settings" | "classes" | "names"
> {
  readonly data: TestSet;
  readonly model: string;
  readonly split: string;
  /** Predicts the images from `first` up to `end`. */
  readonly predict: (
    part: { readonly first: number; readonly end: number },
    folder: TestSetPart,
  ) => AsyncGenerator<EvaluationProgress, TestSetResult>;
}

/**
 * Makes the shards of a task. A shard is complete only with all of its images, since a server wants them all: the others are made
 * before the task fails for those that cannot be.
 */
export async function* predictInShards(
  host: Host,
  job: DividedPredictions,
  options: JobOptions = {},
): AsyncGenerator<EvaluationShardsEvent, void> {
  const { task, settings, classes, names, data, model, split } = job;
  const out = folderOfShards(job.out);
  const outputs = nameOutputs(names.map((name) => ({ name })));
  const facts: PlannedPredictions = { model, split, isTree: isForVocServer(data) };
  const find = () => alreadyFound({ count: names.length, facts });
  const plan = yield* openPlan(host, out, task, { job: predictionsJob, settings, classes }, find, options); // prettier-ignore
  const progress: TaskProgress = { done: 0, total: 0 };
  const stopped = (): TaskStoppedEvent => {
    return { type: "stopped", ...progress, out, task: task.task };
  };
  if (!plan) return yield stopped();
  const skipped: string[] = [];
  const shards: PlannedShards = {
    ...job,
    out,
    plan,
    progress,
    skipped,
    nameOf: (i) => outputs[i]!,
  };
  const make = (shard: number): AsyncGenerator<EvaluationShardsEvent, ShardEnd> =>
    makeShard(host, shards, shard, options);
  const begin = (images: number): EvaluationShardsEvent => {
    progress.total = images;
    return { type: "predicting", split };
  };
  const incomplete = (numbers: readonly number[]): UserError =>
    new UserError(
      `${out}: ${skipped.length} of ${counted(progress.total, "image")} of this task ` +
        `${skipped.length === 1 ? "has" : "have"} no mask; a server wants all: ${listed(skipped)}; ` +
        `${shardsInWords(numbers)} not complete; start the task again once they can be read`,
      { code: "incomplete-shards" },
    );
  const running = { ...options, begin, incomplete };
  if (!(yield* runShards(host, out, plan, task, make, running))) yield stopped();
}

interface PlannedShards extends DividedPredictions {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly progress: TaskProgress;
  /** Receives why an image has no mask. */
  readonly skipped: string[];
  readonly nameOf: (index: number) => OutputName;
}

async function* makeShard(
  host: Host,
  { out, plan, progress, data, skipped, nameOf, predict }: PlannedShards,
  shard: number,
  options: JobOptions,
): AsyncGenerator<EvaluationShardsEvent, ShardEnd> {
  const { store } = host;
  const settings = { ...plan.settings, shard };
  const taken = await takeShard(store, out, shard, {
    open: (path) => testSetFolder(host, path, data, { settings, always: true, nameOf }),
    leave: (folder) => folder.stop(),
  });
  if ("end" in taken) return taken;
  const { folder } = taken;
  const first = shard * plan.shardSize;
  const end = first + shardItems(plan, shard);
  const about = {
    path: openShardFolder(out, shard),
    finishedImages: () => folder.finishedImages(),
  };
  const part: TestSetPart = {
    has: (index) => folder.has(first + index),
    keep: (index, name) => folder.keep(first + index, name),
    write: (index, name, labels) => folder.write(first + index, name, labels),
    finish: async () => folder.finish([await writeRecords(store, about, [], () => null)]),
  };
  let isComplete = false;
  try {
    const steps = untilAborted(predict({ first, end }, part), options);
    const result = yield* withTaskProgress(steps, progress);
    if (!result) return { end: "stopped" };
    if (result.skipped.length > 0) {
      skipped.push(...result.skipped);
      yield { type: "left-out", problems: result.skipped };
      return { end: "incomplete" };
    }
    isComplete = true;
  } catch (error) {
    return takenOver(error);
  } finally {
    if (!isComplete) await folder.stop().catch(() => undefined);
  }
  return publishShard(store, out, shard);
}
