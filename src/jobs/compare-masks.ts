import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import type { Host } from "../host/host.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";
import { UserError } from "../user-error.ts";
import { withResultsFolder, writeResults, type ResultsFolder } from "./evaluation-results.ts";
import type { MaskFinding } from "../files/formats/label-counts.ts";
import { neverRight, scoreFindings } from "./score-warnings.ts";
import { EvaluationJournal } from "./evaluation-journal.ts";
import type { JobOptions, ProgressEvent } from "./events.ts";
import { settingsOf } from "./job-settings.ts";
import { pairMasks, scorePairs, type MaskPairs } from "./score-masks.ts";
import { untilAborted, type EvaluationStoppedEvent } from "./with-progress.ts";

export interface CompareMasksJob extends ResultsFolder {
  /** Folder of the masks to measure, and that of the true masks. */
  readonly masks: string;
  readonly truth: string;
  /** Class names, or a file of them. */
  readonly classes?: string;
  /** A file with the names to compare, one a line. */
  readonly list?: string;
}

export type CompareMasksEvent =
  /** Masks of one folder that the other does not have. */
  | {
      readonly type: "unpaired";
      readonly unpredicted: readonly string[];
      readonly untrue: readonly string[];
      /** How the labels were understood, one sentence each. */
      readonly notes: readonly string[];
    }
  | ProgressEvent
  | EvaluationStoppedEvent
  /** Masks that could not be compared, one sentence each. */
  | { readonly type: "left-out"; readonly problems: readonly string[] }
  | {
      readonly type: "compared";
      readonly matrix: ConfusionMatrix;
      readonly classes: readonly string[];
      readonly masks: number;
      readonly unpredicted: readonly string[];
      readonly untrue: readonly string[];
      readonly skipped: readonly string[];
      /** Reasons to doubt the scores. */
      readonly warnings: readonly MaskFinding[];
      /** Files that were written. */
      readonly files: readonly string[];
    };

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
  const [of, against] = [host.store.absolute(masks), host.store.absolute(truth)];
  const about = { masks: of, truth: against, classes: found.classes, labels: found.labels, worst };
  const items = found.pairs.map((pair) => [pair.name, pair.mask, pair.truth]);
  yield* withResultsFolder(host, job, {
    settings: settingsOf("eval of masks", about, items),
    total: found.pairs.length,
    run: (unfinished) => compare(host, job, found, unfinished, options),
  });
}

async function* compare(
  host: Host,
  job: CompareMasksJob,
  found: MaskPairs,
  unfinished: UnfinishedJob | undefined,
  options: JobOptions,
): AsyncGenerator<CompareMasksEvent, boolean> {
  const { masks: folder, truth, out } = job;
  const { unpredicted, untrue, pairs, notes } = found;
  yield { type: "unpaired", unpredicted, untrue, notes };
  const worst = new WorstImages(host.codec, out === undefined ? 0 : job.worst);
  const names = pairs.map(({ name }) => name);
  const journal = await EvaluationJournal.open(unfinished, worst, names);
  const scored = yield* untilAborted(scorePairs(host, found, journal.known), {
    ...options,
    kept: () => journal.kept,
    each: async ({ measured, image }) => {
      if (measured) await journal.record(measured, image);
    },
  });
  if (!scored) return false;
  const { matrix, classes, masks, skipped } = scored;
  yield { type: "left-out", problems: skipped };
  if (masks === 0) {
    throw new UserError(`${skipped[0]}; none of the ${pairs.length} masks can be measured`);
  }
  const warnings = [
    ...scoreFindings(matrix, classes, journal.truth, truth),
    ...neverRight(matrix, classes),
  ];
  const files = await writeResults(host, job, {
    about: { predictions: folder, truth, unpredicted, untrue },
    warnings: warnings.map(({ message }) => message),
    classes,
    matrices: { masks: matrix },
    masks,
    skipped,
    title: "Worst masks",
    worst: worst.images,
  });
  yield { type: "compared", matrix, classes, masks, unpredicted, untrue, skipped, warnings, files };
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
