import { WorstImages } from "../files/report/worst-images.ts";
import { shardItems, type ShardPlan } from "../files/shards/plan.ts";
import type { Host } from "../host/host.ts";
import type { KnownScores } from "../method/eval/tally.ts";
import { UserError } from "../user-error.ts";
import type { EvaluationShardsEvent, TaskStoppedEvent } from "./evaluation-events.ts";
import type { EvaluationFacts, PlannedEvaluation } from "./evaluation-facts.ts";
import { EvaluationJournal, type MeasuringStep } from "./evaluation-journal.ts";
import { writeEvaluationRecords } from "./evaluation-records.ts";
import type { JobOptions, ProgressEvent, StoppedEvent } from "./events.ts";
import { runShards, type ShardEnd } from "./run-shards.ts";
import { claimShard, publishShard, takenOver, takeShard } from "./shard-folder.ts";
import { alreadyFound, openPlan, type ShardTask, type WantedPlan } from "./shard-plan.ts";
import { untilAborted } from "./with-progress.ts";

/** An evaluation in shards. */
export interface DividedEvaluation extends Omit<WantedPlan, "job" | "masks"> {
  readonly out: string | undefined;
  readonly task: ShardTask;
  readonly facts: EvaluationFacts;
  readonly worst: number;
  /** Names of the images, in the order of the job. */
  readonly names: readonly string[];
  /** Tags of an image, if they are known. */
  readonly tagsOf?: (index: number) => readonly number[] | undefined;
  /** Measures the images from `first` up to `end`, counted from `first`. */
  readonly measure: (
    part: { readonly first: number; readonly end: number },
    known: KnownScores,
  ) => AsyncGenerator<MeasuringStep, { readonly skipped: readonly string[] }>;
}

/** Makes the shards of a task. All tasks find the same images themselves, which the digest in the settings ensures. */
export async function* evaluateInShards(
  host: Host,
  job: DividedEvaluation,
  options: JobOptions = {},
): AsyncGenerator<EvaluationShardsEvent, void> {
  const { task, settings, classes, facts, worst, names } = job;
  const out = folderOfShards(job.out);
  const planned: PlannedEvaluation = { facts, worst };
  const find = () => alreadyFound({ count: names.length, facts: planned });
  const wanted = { job: "eval", settings, classes };
  const plan = yield* openPlan(host, out, task, wanted, find, options);
  const progress: TaskProgress = { done: 0, total: 0 };
  const stopped = (): TaskStoppedEvent => {
    return { type: "stopped", ...progress, out, task: task.task };
  };
  if (!plan) return yield stopped();
  const make = (shard: number): AsyncGenerator<EvaluationShardsEvent, ShardEnd> =>
    makeShard(host, { ...job, out, plan, progress }, shard, options);
  const begin = (images: number): EvaluationShardsEvent => {
    progress.total = images;
    return { type: "started" };
  };
  if (!(yield* runShards(host, out, plan, task, make, { ...options, begin }))) yield stopped();
}

/** The folder of the shards; a UserError if none is named. */
export function folderOfShards(out: string | undefined): string {
  if (out !== undefined) return out;
  throw new UserError("shards need a folder to be written to", {
    code: "usage",
    remedies: [{ kind: "option", name: "out", value: "<folder>" }],
  });
}

/** Images of a task that are done, of those in the shards that it has to make. */
export interface TaskProgress {
  done: number;
  total: number;
}

interface PlannedShards extends DividedEvaluation {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly progress: TaskProgress;
}

async function* makeShard(
  { store, codec }: Host,
  { out, plan, progress, worst, names, tagsOf = () => undefined, measure }: PlannedShards,
  shard: number,
  options: JobOptions,
): AsyncGenerator<EvaluationShardsEvent, ShardEnd> {
  const taken = await takeShard(store, out, shard, {
    open: (path) => claimShard(store, plan, shard, path),
    leave: ({ job }) => job.leave(),
  });
  if ("end" in taken) return taken;
  const { path, job } = taken.folder;
  const first = shard * plan.shardSize;
  const end = first + shardItems(plan, shard);
  let isEnded = false;
  let unused: string | undefined;
  try {
    await job.begin();
    const worstOfShard = new WorstImages(codec, worst);
    const journal = await EvaluationJournal.open(job, worstOfShard, names.slice(first, end));
    const places: number[] = [];
    const steps = untilAborted(measure({ first, end }, journal.known), {
      ...options,
      each: async (step) => {
        if (step.measured) await journal.enter(step);
        else places.push(step.done - 1);
      },
    });
    const result = yield* withTaskProgress(steps, progress);
    if (!result) return { end: "stopped" };
    const { skipped } = result;
    yield { type: "left-out", problems: skipped };
    if (skipped.length === end - first) unused = skipped[0];
    const left = new Map(places.map((place, i) => [place, skipped[i]!]));
    const about = { path, first, left, worst, tagsOf: (index: number) => tagsOf(first + index) };
    await job.complete(await writeEvaluationRecords({ store, codec }, job, about));
    isEnded = true;
  } catch (error) {
    return takenOver(error);
  } finally {
    if (!isEnded) await job.leave().catch(() => undefined);
  }
  return { ...(await publishShard(store, out, shard)), ...(unused !== undefined && { unused }) };
}

/** The steps of a shard, counted over its task. */
export async function* withTaskProgress<R>(
  steps: AsyncGenerator<ProgressEvent | StoppedEvent, R>,
  progress: TaskProgress,
): AsyncGenerator<ProgressEvent, R> {
  const before = progress.done;
  try {
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) {
      if (next.value.type !== "progress") continue;
      progress.done = Math.min(before + next.value.done, progress.total);
      yield { type: "progress", ...progress };
    }
    return next.value;
  } finally {
    await steps.return(undefined as R);
  }
}
