import { WorstImages } from "../files/report/worst-images.ts";
import type { Host } from "../host/host.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";
import { UserError } from "../user-error.ts";
import { withResultsFolder, writeResults, type ResultsFolder } from "./evaluation-results.ts";
import type { MaskFinding } from "../files/formats/label-counts.ts";
import { neverRight, scoreFindings } from "./score-warnings.ts";
import type { JobOptions, ProgressEvent, StoppedEvent } from "./events.ts";
import { pairMasks, scorePairs } from "./score-masks.ts";
import { untilAborted } from "./with-progress.ts";

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
    }
  | ProgressEvent
  | StoppedEvent
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

/** Measures a folder of masks against one of true masks. A job that is stopped writes nothing. */
export async function* compareMasks(
  host: Host,
  job: CompareMasksJob,
  options: JobOptions = {},
): AsyncGenerator<CompareMasksEvent, void> {
  yield* withResultsFolder(host, job, compare(host, job, options));
}

async function* compare(
  host: Host,
  job: CompareMasksJob,
  options: JobOptions,
): AsyncGenerator<CompareMasksEvent, void> {
  const { masks: folder, truth, list, out } = job;
  const found = await pairMasks(host, folder, truth, {
    ...(job.classes !== undefined && { classes: job.classes }),
    ...(list !== undefined && { names: await readNames(host, list) }),
  });
  const { unpredicted, untrue, pairs } = found;
  yield { type: "unpaired", unpredicted, untrue };
  const worst = new WorstImages(host.codec, out === undefined ? 0 : job.worst);
  const scored = yield* untilAborted(scorePairs(host, found), {
    ...options,
    each: async ({ measured }) => {
      if (measured) await worst.add(measured);
    },
  });
  if (!scored) return;
  const { matrix, classes, masks, skipped } = scored;
  yield { type: "left-out", problems: skipped };
  if (masks === 0) {
    throw new UserError(`${skipped[0]}; none of the ${pairs.length} masks can be measured`);
  }
  const warnings = [
    ...scoreFindings(matrix, classes, scored.truth, truth),
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
}

/** Names of a list such as VOC's val.txt: the first word of every line. */
async function readNames({ store }: Host, path: string): Promise<string[]> {
  const text = await store.readText(path);
  const words = text.split(/\r?\n/).map((line) => line.trim().split(/\s+/)[0]!);
  const names = [...new Set(words.filter((word) => word !== ""))];
  if (names.length === 0) throw new UserError(`${path}: names no mask; it has one name a line`);
  return names;
}
