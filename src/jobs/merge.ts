import { maskFormats, type MaskFormat } from "../files/formats/formats.ts";
import { fileListName } from "../files/formats/older-files.ts";
import { markedResult, markMerged, removeShards } from "../files/shards/merge-mark.ts";
import { MergePlace } from "../files/shards/merge-place.ts";
import {
  missingShards,
  planFile,
  readPlan,
  shardCount,
  shardsFolder,
  type PlannedMasks,
  type ShardPlan,
} from "../files/shards/plan.ts";
import { classesName } from "../files/shards/shard-files.ts";
import { isFile, isFolder } from "../files/text/folders.ts";
import { listNames } from "../files/text/list-names.ts";
import { join } from "../files/text/path.ts";
import { ranges } from "../files/text/ranges.ts";
import { counted } from "../files/text/units.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { shown, UserError } from "../user-error.ts";
import { resultFiles } from "./evaluation-results.ts";
import { DamagedShards } from "./damaged-shards.ts";
import { inspection } from "./data-plan.ts";
import { isAbort, type JobOptions } from "./events.ts";
import { stagesFile } from "./finish-evaluation.ts";
import { mergeInspection, reportFile } from "./merge-data.ts";
import type {
  MergedPredictionsEvent,
  MergeDoneEvent,
  MergeEvent,
  MissingShardsEvent,
} from "./merge-events.ts";
import { mergeEvaluation } from "./merge-evaluation.ts";
import { mergeMasks } from "./merge-masks.ts";
import { mergePredictions } from "./merge-predictions.ts";
import { predictionsJob } from "./planned-predictions.ts";
import { vocTree } from "./predict-test-set.ts";
import { mostRanges } from "./run-shards.ts";

export interface MergeJob {
  /** Folder of the results, with the shards in it. */
  readonly out: string;
  /** Merge the shards that are there even if others are missing. */
  readonly allowMissing?: boolean;
  /** Leave the shards where they are. They stay in any case if others are missing. */
  readonly keepShards?: boolean;
  /** A .csv file to write the tags of an inspected data set into. */
  readonly tagsTo?: string | undefined;
  /** Most images of a format that is one file; 5 million by default. */
  readonly mostInOneFile?: number;
}

/** Images of a format that is one file; readers take it into memory as a whole. */
const usualMost = 5_000_000;

/** Jobs that write masks. */
const maskJobs: readonly string[] = ["label", "segment", "convert"];

/** The job that measures. */
const evaluation = "eval";

/** Jobs whose masks, if any, are in no format of the user's choice. */
const withoutFormats: readonly string[] = [evaluation, predictionsJob, inspection];

/**
 * Makes a folder what the job would have written without shards, byte for byte. It appears complete at the end, and not before. A
 * merge that fails, is stopped or killed leaves the shards as they are, and can be called again.
 */
export async function* mergeShards(
  host: FileHost,
  job: MergeJob,
  { signal }: JobOptions = {},
): AsyncGenerator<MergeEvent, void> {
  const { store } = host;
  const { out } = job;
  if ((await store.stat(out))?.kind !== "folder") {
    throw new UserError(`${out}: no such folder`, { code: "not-found" });
  }
  if (!(await store.exists(join(out, shardsFolder)))) {
    return yield withTags(await mergedAlready(store, out), job);
  }
  const place = await MergePlace.take(store, out);
  let last: MergeEvent;
  try {
    const before = await mergedBefore(store, out);
    last = before ?? (yield* mergePlanned(host, job, place, signal));
    if (before || ("kept" in last && !last.kept)) {
      for await (const progress of removeShards(store, out)) {
        yield { type: "progress", stage: "removal", ...progress };
      }
    }
  } finally {
    await place.end();
  }
  yield withTags(last, job);
}

/** The last event of a merge; a UserError if it is too late for the tags. */
function withTags(event: MergeEvent, { out, tagsTo }: MergeJob): MergeEvent {
  if (tagsTo === undefined || !["merged-already", "done"].includes(event.type)) return event;
  throw new UserError(`${tagsTo}: not written, since ${out} was merged before`, {
    remedies: [
      {
        ...{ kind: "job", name: "data", argument: "<folder>" },
        options: { noDecode: true, tagsOut: tagsTo },
        purpose: "writes the tags",
      },
    ],
  });
}

/** Merges the shards of a plan, and marks them as merged unless they are kept. */
async function* mergePlanned(
  host: FileHost,
  { out, allowMissing = false, keepShards = false, tagsTo, mostInOneFile = usualMost }: MergeJob,
  place: MergePlace,
  signal: AbortSignal | undefined,
): AsyncGenerator<MergeEvent, MergeEvent> {
  const { store } = host;
  const plan = await readPlan(store, out);
  if (!plan) return mergedAlready(store, out);
  if (tagsTo !== undefined && plan.job !== inspection) {
    throw new UserError(`${out}: is of the job ${shown(plan.job)}, which finds no tags to write`, {
      code: "usage",
      remedies: [{ kind: "omit", name: "tagsOut" }],
    });
  }
  const masks = withoutFormats.includes(plan.job) ? undefined : plannedMasks(out, plan);
  const missing = await missingShards(store, out, plan);
  const of = shardCount(plan);
  if (missing.length > 0) yield* tellMissing(out, plan, missing, allowMissing);
  const left = new Set(missing);
  const shards = Array.from({ length: of }, (_, shard) => shard).filter((one) => !left.has(one));
  yield { type: "started", job: plan.job, shards: shards.length, of };
  const taken = { images: 0 };
  try {
    if (plan.job === predictionsJob) {
      const about = { out, plan, shards, mostInOneFile, taken, temporary: place.folder, signal };
      const merged = yield* mergePredictions(host, about);
      await place.check();
      const kept = keepShards || missing.length > 0;
      const done = { type: "predicted", ...merged, shards: shards.length, missing, kept } as const;
      if (!kept) await markMerged(store, out, done);
      return done;
    }
    if (!masks) {
      const check = (): Promise<void> => place.check();
      const all = { out, plan, shards, taken, check, signal };
      const kept = keepShards || missing.length > 0;
      const end = { out, shards: shards.length, missing, kept };
      const merged: MergeEvent =
        plan.job === evaluation
          ? { type: "measured", ...(yield* mergeEvaluation(host, all)), ...end }
          : { type: "inspected", ...(yield* mergeInspection(host, { ...all, tagsTo })), ...end };
      if (!kept) await markMerged(store, out, { type: "merged-already", out });
      return merged;
    }
    const about = { out, plan, masks, shards, mostInOneFile, taken, temporary: place.folder };
    const merged = yield* mergeMasks(host, { ...about, signal });
    await place.check();
    const kept = keepShards || missing.length > 0 || merged.index !== undefined;
    const done = { type: "done", ...merged, shards: shards.length, missing, kept } as const;
    if (!kept) await markMerged(store, out, done);
    return done;
  } catch (error) {
    if (!isAbort(error, signal)) {
      const damaged = new DamagedShards(out, plan);
      if (damaged.addNamed(error, shards)) yield* damaged.tell();
      throw error;
    }
    return { type: "stopped", done: taken.images, total: plan.items, out };
  }
}

/** How the masks of a plan are written; a UserError for plans of jobs that cannot be merged. */
function plannedMasks(out: string, { job, masks }: ShardPlan): PlannedMasks {
  const path = planFile(out);
  if (!maskJobs.includes(job)) {
    throw new UserError(
      `${path}: is of the job ${shown(job)}, whose shards this version cannot merge; ` +
        `it can merge those of ${[...maskJobs, ...withoutFormats].join(", ")}; use the version that made them`,
      { code: "unknown-job" },
    );
  }
  const isKnown = (format: MaskFormat): boolean => maskFormats.includes(format);
  if (masks && (masks.format ?? []).every(isKnown)) return masks;
  throw new UserError(`${path}: is damaged, it does not say how masks are written`);
}

/** The result of a complete merge that was killed before it had removed all shards; undefined if there was none. */
async function mergedBefore(store: Store, out: string): Promise<MergeEvent | undefined> {
  const marked = (await markedResult(store, out)) as Partial<MergeEvent> | undefined;
  if (marked?.type === "merged-already" && (await hasResults(store, out))) {
    return { type: "merged-already", out };
  }
  if (marked?.type === "predicted" && (await hasMasks(store, out))) {
    return marked as MergedPredictionsEvent;
  }
  const isComplete = marked?.type === "done" && (await store.exists(join(out, classesName)));
  return isComplete ? (marked as MergeDoneEvent) : undefined;
}

/** Whether a folder has the files of a complete evaluation or inspection. */
async function hasResults(store: Store, out: string): Promise<boolean> {
  for (const files of [resultFiles, [stagesFile], [reportFile]]) {
    const found = await Promise.all(files.map((name) => isFile(store, join(out, name))));
    if (found.every((isThere) => isThere)) return true;
  }
  return false;
}

/** Whether a folder has the masks of a complete job. */
async function hasMasks(store: Store, out: string): Promise<boolean> {
  if (!(await isFile(store, join(out, fileListName)))) return false;
  return (await isFile(store, join(out, classesName))) || isFolder(store, join(out, vocTree));
}

/** The event for a folder without shards, if an earlier merge has removed them; else a UserError. */
async function mergedAlready(store: Store, out: string): Promise<MergeEvent> {
  if ((await hasMasks(store, out)) || (await hasResults(store, out))) {
    return { type: "merged-already", out };
  }
  throw new UserError(
    `${out}: has no shards to merge, ${planFile(out)} is missing; name the folder that the tasks write to`,
    { code: "nothing-to-merge" },
  );
}

/** Tells the shards that are missing; a UserError unless the others may be merged without them. */
async function* tellMissing(
  out: string,
  plan: ShardPlan,
  missing: readonly number[],
  allowMissing: boolean,
): AsyncGenerator<MissingShardsEvent, void> {
  const of = shardCount(plan);
  const { tasks: ofTasks } = plan;
  const tasks = [...new Set(missing.map((shard) => shard % ofTasks))].sort((a, b) => a - b);
  yield { type: "missing", shards: missing, of, tasks, ofTasks };
  const areAll = missing.length === of;
  if (allowMissing && !areAll) return;
  const verb = missing.length === 1 ? "is" : "are";
  throw new UserError(
    `${out}: ${missing.length} of ${counted(of, "shard")} ${verb} missing: ${listNames(ranges(missing), mostRanges)}`,
    {
      code: "missing-shards",
      remedies: [
        { kind: "tasks", tasks, of: ofTasks },
        ...(areAll
          ? []
          : [{ kind: "option", name: "allowMissing", purpose: "merges the others" } as const]),
      ],
    },
  );
}
