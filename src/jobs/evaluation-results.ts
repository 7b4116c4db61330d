import type { JobSettings } from "../files/formats/journal.ts";
import { sweepTemporary } from "../files/formats/temporary-files.ts";
import { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import { releaseFolder } from "./claim-folder.ts";
import { unfinished } from "./masks.ts";
import { meanIouOfClasses } from "./score-warnings.ts";
import { UserError } from "../user-error.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";
import { csvField } from "../files/text/csv.ts";
import { confusionPicture } from "../files/report/confusion-picture.ts";
import type { WorstImage } from "../files/report/worst-images.ts";
import { renderWorst } from "../files/report/worst-page.ts";

/** The outcome of an evaluation, to be written into a folder. */
export interface EvaluationResults {
  /** Facts about the evaluation, for the first lines of metrics.json. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Heading of the worst images. */
  readonly title: string;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Confusion matrix of each kind of masks, by its name in the files: `seg`, `crf`, …; the last one is drawn. */
  readonly matrices: Readonly<Record<string, ConfusionMatrix>>;
  /** Mean F1 of the tags, if tags were predicted. */
  readonly tagF1?: number;
  /** Images measured against a true mask. */
  readonly masks: number;
  readonly skipped: readonly string[];
  /** Reasons to doubt the scores, one sentence each. */
  readonly warnings?: readonly string[];
  readonly worst: readonly WorstImage[];
}

/** The files of an evaluation. */
export const resultFiles = [
  "metrics.json",
  "results.csv",
  "confusion.svg",
  "confusion.png",
  "worst.html",
] as const;

/** Destination of the results of an evaluation. */
export interface ResultsFolder {
  /** Folder for scores and pictures; none are written by default. */
  readonly out?: string;
  readonly overwrite?: boolean;
  /** Continue the unfinished evaluation in the folder. */
  readonly resume?: boolean;
  /** Number of images on the page of the worst. */
  readonly worst: number;
}

/** An evaluation whose results go into a folder. */
export interface FolderEvaluation<E> {
  /** Settings that the results depend on. */
  readonly settings: JobSettings;
  /** Number of images. */
  readonly total: number;
  /** Names of the files. */
  readonly names?: readonly string[];
  /** Measures and writes the results; returns whether they are complete. */
  readonly run: (job: UnfinishedJob | undefined) => AsyncGenerator<E, boolean>;
}

/**
 * Runs an evaluation whose results go into a folder, which is created before hours are spent on them, and is this evaluation's own
 * until it ends. A file in it with the name of a result is a UserError, since it may belong to a training. What was measured stays if
 * the evaluation stops; a new folder without anything is removed.
 */
export async function* withResultsFolder<E>(
  host: Pick<FileHost, "store">,
  { out, overwrite = false, resume = false }: Pick<ResultsFolder, "out" | "overwrite" | "resume">,
  { settings, total, names = resultFiles, run }: FolderEvaluation<E>,
): AsyncGenerator<E, void> {
  const { store } = host;
  if (out === undefined) {
    if (resume) throw nothingToResume();
    yield* run(undefined);
    return;
  }
  const topmost = await store.makeFolder(out);
  let job: UnfinishedJob | undefined;
  let isBegun = false;
  let isEnded = false;
  let hasFailed = false;
  try {
    const place = { path: out, single: false };
    job = await UnfinishedJob.claim(store, place, { settings, overwrite, resume });
    // Others, such as a training, may have temporary files in the folder.
    if (job.continues) await sweepTemporary(store, out, names);
    else if (!overwrite) await checkNoResults(store, out, names);
    isBegun = true;
    await job.begin();
    if (yield* run(job)) {
      await job.end();
      isEnded = true;
    }
  } catch (error) {
    hasFailed = true;
    throw unfinished(error, job?.finished ?? 0, total);
  } finally {
    const close = async (): Promise<void> => {
      if (!isEnded) await (isBegun && job?.isVoid ? job.end() : job?.leave());
      await releaseFolder(host, { folder: out, topmost });
    };
    // A disk that fails may refuse this too; the first reason is the one to tell.
    await (hasFailed ? close().catch(() => undefined) : close());
  }
}

/** Without a folder nothing can be continued. */
export function nothingToResume(): UserError {
  return new UserError("without a folder for the results there is nothing to continue", {
    code: "usage",
    remedies: [
      { kind: "option", name: "out", value: "<folder>", purpose: "keeps what is measured" },
      { kind: "omit", name: "resume" },
    ],
  });
}

async function checkNoResults(
  store: FileHost["store"],
  out: string,
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    const path = join(out, name);
    if ((await store.stat(path))?.kind !== "file") continue;
    throw new UserError(`${path}: already exists`, {
      code: "exists",
      remedies: [
        { kind: "option", name: "out", instead: true },
        { kind: "option", name: "overwrite" },
      ],
    });
  }
}

/**
 * Writes metrics.json (scores, counts, images left out), results.csv (a line for each class), the confusion matrix as SVG
 * and PNG, and the page of the worst images. Returns their paths; none without a folder.
 */
export async function writeResults(
  { store, codec }: FileHost,
  { out }: Pick<ResultsFolder, "out">,
  results: EvaluationResults,
): Promise<string[]> {
  if (out === undefined) return [];
  const { classes, matrices, title, masks, worst } = results;
  const names = ["background", ...classes];
  const final = Object.values(matrices).at(-1)!;
  const svg = confusionPicture(final, names);
  const contents: Record<(typeof resultFiles)[number], string | Uint8Array> = {
    "metrics.json": `${JSON.stringify(summarize(results), undefined, 2)}\n`,
    "results.csv": table(results),
    "confusion.svg": svg,
    "confusion.png": await codec.rasterize(svg),
    "worst.html": renderWorst(worst, { title, classes, measured: masks }),
  };
  const files = Object.entries(contents).map(([name, data]) => ({ path: join(out, name), data }));
  // Readers begin with metrics.json, which therefore comes last: it never stands beside files of another evaluation.
  await store.write([...files.slice(1), files[0]!]);
  return files.map(({ path }) => path);
}

/** Scores of a confusion matrix; NaN without truth. */
export function scoresOf(
  matrix: ConfusionMatrix,
): Record<"meanIou" | "pixelAccuracy" | "meanAccuracy", number> {
  return {
    meanIou: meanIouOfClasses(matrix),
    pixelAccuracy: matrix.pixelAccuracy(),
    meanAccuracy: matrix.meanAccuracy(),
  };
}

function summarize({
  about,
  classes,
  matrices,
  tagF1,
  masks,
  skipped,
  warnings = [],
}: EvaluationResults): unknown {
  const names = ["background", ...classes];
  const named = (scores: readonly number[]): Record<string, number> =>
    Object.fromEntries(scores.map((score, c) => [names[c]!, score]));
  const kinds = Object.entries(matrices);
  // JSON.stringify writes NaN as null: no truth, no score.
  return {
    ...about,
    masks,
    metrics: Object.fromEntries(kinds.map(([kind, matrix]) => [kind, scoresOf(matrix)])),
    ...(tagF1 !== undefined && { tagF1 }),
    perClass: Object.fromEntries(kinds.map(([kind, matrix]) => [kind, named(matrix.iou())])),
    skipped,
    warnings,
    confusion: {
      of: kinds.at(-1)![0],
      rows: "true class",
      columns: "predicted class",
      classes: names,
      pixels: kinds.at(-1)![1].rows(),
    },
  };
}

/** A line for each class: its true pixels, the IoU of every kind of mask, the accuracy of the last. */
function table({ classes, matrices }: EvaluationResults): string {
  const kinds = Object.entries(matrices);
  const final = kinds.at(-1)![1];
  const pixels = final.rows().map((row) => row.reduce((a, b) => a + b, 0));
  const accuracies = final.accuracies();
  const columns = kinds.map(([, matrix]) => matrix.iou());
  const lines = ["background", ...classes].map((name, c) => [
    csvField(name),
    String(pixels[c]),
    ...columns.map((iou) => cell(iou[c]!)),
    cell(accuracies[c]!),
  ]);
  const header = ["class", "pixels", ...kinds.map(([kind]) => `iou_${kind}`), "accuracy"];
  return [header, ...lines].map((line) => `${line.join(",")}\n`).join("");
}

function cell(score: number): string {
  return Number.isFinite(score) ? score.toFixed(6) : "";
}
