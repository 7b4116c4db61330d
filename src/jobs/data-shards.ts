import { looksAt, lookAt, type ListedDataset, type Looks } from "../files/datasets/look.ts";
import { headersAtOnce } from "../files/datasets/assemble.ts";
import { mapAtOnce } from "../files/datasets/map-at-once.ts";
import type { FinishedImage } from "../files/formats/journal.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { storedPath } from "../files/shards/item-list.ts";
import { shardItems, type ShardPlan } from "../files/shards/plan.ts";
import type { Host } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import type { InspectJob } from "./data.ts";
import {
  inspection,
  inspectionSettings,
  readNames,
  type InspectionSettings,
  type PlannedInspection,
} from "./data-plan.ts";
import { asLookedAt, portable, writeInspected } from "./data-records.ts";
import type { TaskStoppedEvent } from "./evaluation-events.ts";
import { isAbort, reports, type JobOptions, type ProgressEvent, type ReadingEvent } from "./events.ts"; // prettier-ignore
import { runShards, type ShardEnd, type ShardEvent, type TaskDoneEvent, type TaskEvent } from "./run-shards.ts"; // prettier-ignore
import { checkThere, claimShard, publishShard, takenOver, takeShard } from "./shard-folder.ts";
import { alreadyFound, openPlan, type ShardTask, type WaitingEvent } from "./shard-plan.ts";

/** The inspection of a data set by several tasks. */
export interface InspectShardsJob extends Omit<InspectJob, "tagsTo"> {
  /** The folder that all tasks write to. */
  readonly out: string;
  readonly shards: ShardTask;
}

/** Images of a task that were looked at, of those in the shards that it has to make. */
export interface InspectedEvent extends ProgressEvent {
  /** How many of them cannot be used. */
  readonly broken: number;
}

/** Events of a task, counted over all of its shards. */
export type InspectShardsEvent =
  | ReadingEvent
  | { readonly type: "started" }
  | InspectedEvent
  | TaskEvent
  | ShardEvent
  | WaitingEvent
  | TaskDoneEvent
  | TaskStoppedEvent;

/**
 * Makes the shards of a task: what the files of their images show, without a word about it, which is left to the merge. Every task
 * lists the data set itself, and all must find the same images.
 */
export async function* inspectInShards(
  host: Host,
  job: InspectShardsJob,
  options: JobOptions = {},
): AsyncGenerator<InspectShardsEvent, void> {
  const { data, out, shards: task, decode, seed, mergeCase = false } = job;
  const progress: TaskProgress = { done: 0, total: 0, broken: 0 };
  const stopped = (): TaskStoppedEvent => {
    const { done, total } = progress;
    return { type: "stopped", done, total, out, task: task.task };
  };
  const how: InspectionSettings = { decode, seed, mergeCase };
  let listed: ListedDataset;
  try {
    listed = yield* readNames(host, data, how, options);
  } catch (error) {
    if (!isAbort(error, options.signal)) throw error;
    return yield stopped();
  }
  const { classes, samples } = listed;
  if (samples.length === 0) {
    throw new UserError(`${data}: has no images that tasks could divide between them`, {
      remedies: [{ kind: "omit", name: "shardSize" }],
    });
  }
  const settings = inspectionSettings(host.store, out, listed, how);
  const facts: PlannedInspection = { data, place: storedPath(host.store, out, data), ...how };
  const find = () => alreadyFound({ count: samples.length, facts });
  const wanted = { job: inspection, settings, classes };
  const plan = yield* openPlan(host, out, task, wanted, find, options);
  if (!plan) return yield stopped();
  const shards = { out, plan, decode, listed, looks: looksAt(host, listed), progress };
  const make = (shard: number): AsyncGenerator<InspectShardsEvent, ShardEnd> =>
    makeShard(host, shards, shard, options);
  const begin = (images: number): InspectShardsEvent => {
    progress.total = images;
    return { type: "started" };
  };
  if (!(yield* runShards(host, out, plan, task, make, { ...options, begin }))) yield stopped();
}

interface TaskProgress {
  done: number;
  total: number;
  broken: number;
}

interface InspectedShards {
  readonly out: string;
  readonly plan: ShardPlan;
  readonly decode: boolean;
  readonly listed: ListedDataset;
  readonly looks: Looks;
  readonly progress: TaskProgress;
}

async function* makeShard(
  host: Host,
  shards: InspectedShards,
  shard: number,
  { signal }: JobOptions,
): AsyncGenerator<InspectedEvent, ShardEnd> {
  const { store } = host;
  const { out, plan, listed } = shards;
  const first = shard * plan.shardSize;
  const end = first + shardItems(plan, shard);
  const files = listed.samples.slice(first, end).map(({ image }) => image);
  await checkThere(store, files, shard);
  const taken = await takeShard(store, out, shard, {
    open: (path) => claimShard(store, plan, shard, path),
    leave: ({ job }) => job.leave(),
  });
  if ("end" in taken) return taken;
  const { path, job } = taken.folder;
  let isEnded = false;
  try {
    await job.begin();
    yield* reports<InspectedEvent, unknown>((tell) =>
      inspectImages(host, shards, { job, first, end, signal }, tell),
    );
    await job.complete([await writeInspected(store, path, job)]);
    isEnded = true;
  } catch (error) {
    return isAbort(error, signal) ? { end: "stopped" } : takenOver(error);
  } finally {
    if (!isEnded) await job.leave().catch(() => undefined);
  }
  return publishShard(store, out, shard);
}

interface OpenShard {
  readonly job: UnfinishedJob;
  /** Its images. */
  readonly first: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
}

/** Looks at the images of a shard that its journal does not have, several at a time, and enters each one. */
async function inspectImages(
  { machine }: Host,
  { decode, listed, looks, progress }: InspectedShards,
  { job, first, end, signal }: OpenShard,
  tell: (event: InspectedEvent) => void,
): Promise<void> {
  const { root, samples } = listed;
  const count = ({ headers, pixels }: NonNullable<ReturnType<typeof asLookedAt>>): void => {
    progress.done++;
    if (typeof headers.image === "string" || pixels?.image !== undefined) progress.broken++;
    tell({ type: "progress", ...progress });
  };
  const open: number[] = [];
  for (let index = first; index < end; index++) {
    const image = job.has(index) ? await job.intact(index, samples[index]!.name) : undefined;
    const facts = image && asLookedAt(image.facts);
    if (facts) count(facts);
    else open.push(index);
  }
  const enter = inTurn<FinishedImage>((images) => job.add(...images));
  await mapAtOnce(open, decode ? machine.cores + 1 : headersAtOnce, async (index) => {
    signal?.throwIfAborted();
    const facts = portable(await lookAt(looks, index, decode), root);
    await enter({ index, name: samples[index]!.name, files: [], facts });
    count(facts);
  });
}

/** Writes items one after the other, and together those that come while others are written. */
function inTurn<T>(write: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  const waiting: T[] = [];
  let last: Promise<void> = Promise.resolve();
  return (item) => {
    waiting.push(item);
    last = last.then(() => (waiting.length > 0 ? write(waiting.splice(0)) : undefined));
    return last;
  };
}
