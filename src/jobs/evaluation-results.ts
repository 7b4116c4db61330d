import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import { releaseFolder, type ClaimedFolder } from "./claim-folder.ts";
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
  /** Number of images on the page of the worst. */
  readonly worst: number;
}

/**
 * Runs an evaluation whose results go into a folder, which is created before hours are spent on them. A file in it with the
 * name of a result is a UserError, since it may belong to a training. However the evaluation ends, a new folder without
 * results is removed.
 */
export async function* withResultsFolder<E>(
  host: Pick<FileHost, "store">,
  target: Pick<ResultsFolder, "out" | "overwrite">,
  evaluation: AsyncGenerator<E, void>,
  names: readonly string[] = resultFiles,
): AsyncGenerator<E, void> {
  const claimed = await claimResults(host, target, names);
  try {
    yield* evaluation;
  } finally {
    await releaseFolder(host, claimed);
  }
}

async function claimResults(
  { store }: Pick<FileHost, "store">,
  { out, overwrite = false }: Pick<ResultsFolder, "out" | "overwrite">,
  names: readonly string[],
): Promise<ClaimedFolder | undefined> {
  if (out === undefined) return undefined;
  for (const name of overwrite ? [] : names) {
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
  return { folder: out, topmost: await store.makeFolder(out) };
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
  const paths: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = join(out, name);
    await store.write([{ path, data: content }]);
    paths.push(path);
  }
  return paths;
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
