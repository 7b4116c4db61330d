import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import { storedPath } from "../files/shards/item-list.ts";
import type { Host } from "../host/host.ts";
import type { KnownScores } from "../method/eval/tally.ts";
import { UserError } from "../user-error.ts";
import type { ComparedEvent, EvaluationShardsEvent } from "./evaluation-events.ts";
import type { ComparisonFacts } from "./evaluation-facts.ts";
import { EvaluationJournal } from "./evaluation-journal.ts";
import { withResultsFolder, type ResultsFolder } from "./evaluation-results.ts";
import { evaluateInShards } from "./evaluation-shards.ts";
import type { JobOptions, ProgressEvent } from "./events.ts";
import { finishComparison } from "./finish-evaluation.ts";
import { settingsOf } from "./job-settings.ts";
import { pairMasks, scorePairs, type MaskPairs } from "./score-masks.ts";
import type { ShardTask } from "./shard-plan.ts";
import { untilAborted, type EvaluationStoppedEvent } from "./with-progress.ts";

export interface CompareMasksJob extends ResultsFolder {
  /** Folder of the masks to measure, and that of the true masks. */
  readonly masks: string;
  readonly truth: string;
  /** Class names, or a file of them. */
  readonly classes?: string;
  /** A file with the names to compare, one a line. */
  readonly list?: string;
  /** Make only the shards of one task, in the folder `out`; a merge makes the scores of all shards. */
  readonly shards?: ShardTask;
}

/** Masks of one folder that the other does not have. */
export interface UnpairedEvent {
  readonly type: "unpaired";
  readonly unpredicted: readonly string[];
  readonly untrue: readonly string[];
  /** How the labels were understood, one sentence each. */
  readonly notes: readonly string[];
}

export type CompareMasksEvent =
  | UnpairedEvent
  | ProgressEvent
  | EvaluationStoppedEvent
  /** Masks that could not be compared, one sentence each. */
  | { readonly type: "left-out"; readonly problems: readonly string[] }
  | ComparedEvent
  | EvaluationShardsEvent;

/** Measures a folder of masks against one of true masks. A job that is stopped keeps what it measured. */
export async function* compareMasks(
  host: Host,
  job: CompareMasksJob,
  options: JobOptions = {},
): AsyncGenerator<CompareMasksEvent, void> {
  const { masks, truth, list, worst } = job;
  const found = await pairMasks(host, masks, truth, {
    ...(job.classes !== undefined && { classes: job.classes }),
    ...(list !== undefined && { names: await readNames(host, list) }),
  });
  if (job.shards) return yield* compareInShards(host, job, found, job.shards, options);
  const [of, against] = [host.store.absolute(masks), host.store.absolute(truth)];
  const about = { masks: of, truth: against, classes: found.classes, labels: found.labels, worst };
  const items = found.pairs.map((pair) => [pair.name, pair.mask, pair.truth]);
  yield* withResultsFolder(host, job, {
    settings: settingsOf("eval of masks", about, items),
    total: found.pairs.length,
    run: (unfinished) => compare(host, job, found, unfinished, options),
  });
}

/** Makes the shards of a task of a comparison. */
async function* compareInShards(
  host: Host,
  job: CompareMasksJob,
  found: MaskPairs,
  task: ShardTask,
  options: JobOptions,
): AsyncGenerator<CompareMasksEvent, void> {
  const { masks, truth, worst, out } = job;
  const { pairs, labels, classes } = found;
  const { store } = host;
  const place = (path: string): string => storedPath(store, out ?? ".", path);
  const about = { masks: place(masks), truth: place(truth), classes, labels, worst };
  const items = pairs.map((pair) => [pair.name, place(pair.mask), place(pair.truth)]);
  yield unpairedOf(found);
  const divided = {
    ...{ out, task, worst, classes: classes ?? [], facts: factsOf(job, found) },
    settings: settingsOf("eval of masks", about, items),
    names: pairs.map(({ name }) => name),
    measure: ({ first, end }: { first: number; end: number }, known: KnownScores) =>
      scorePairs(host, { ...found, pairs: pairs.slice(first, end) }, known),
  };
  yield* evaluateInShards(host, divided, options);
}

function factsOf({ masks, truth }: CompareMasksJob, found: MaskPairs): ComparisonFacts {
  const { unpredicted, untrue, notes, classes = null } = found;
  return { kind: "masks", masks, truth, unpredicted, untrue, notes, classes };
}

function unpairedOf({ unpredicted, untrue, notes }: MaskPairs): UnpairedEvent {
  return { type: "unpaired", unpredicted, untrue, notes };
}

async function* compare(
  host: Host,
  job: CompareMasksJob,
  found: MaskPairs,
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<CompareMasksEvent, boolean> {
  const { out } = job;
  const { pairs } = found;
  yield unpairedOf(found);
  const worst = new WorstImages(host.codec, out === undefined ? 0 : job.worst);
  const names = pairs.map(({ name }) => name);
  const journal = await EvaluationJournal.open(unfinished, worst, names);
  const scored = yield* untilAborted(scorePairs(host, found, journal.known), {
    ...options,
    kept: () => journal.kept,
    each: (step) => journal.enter(step),
  });
  if (!scored) return false;
  yield { type: "left-out", problems: scored.skipped };
  const { truth } = journal;
  const finish = { out, total: pairs.length, truth, worst: worst.images };
  yield await finishComparison(host, factsOf(job, found), scored, finish);
  return true;
}

/** Names of a list such as VOC's val.txt: the first word of every line. */
async function readNames({ store }: Host, path: string): Promise<string[]> {
  const text = await store.readText(path);
  const words = text.split(/\r?\n/).map((line) => line.trim().split(/\s+/)[0]!);
  const names = [...new Set(words.filter((word) => word !== ""))];
  if (names.length === 0) throw new UserError(`${path}: names no mask; it has one name a line`);
  return names;
}
