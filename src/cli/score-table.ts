import { textTable } from "../files/text/columns.ts";
import type { MeasuredSeed, SeedSummary } from "../jobs/compare-seeds.ts";
import type { StageScores } from "../method/eval/stages.ts";

/** A score in 0..1; NaN, or null in JSON, where there is no truth. */
type Score = number | null | undefined;

/** Headings of the columns, by the kind of masks that were measured. */
const columns = {
  cam: "CAM",
  affinityCam: "affinity CAM",
  seg: "segmentation",
  crf: "+ CRF",
  masks: "masks",
} as const;
type Kind = keyof typeof columns;

/** Scores of each kind of masks that was measured: the means, and those of the background and every class. */
export interface Scores {
  readonly metrics: Readonly<Partial<Record<Kind | "tagF1", Score>>>;
  readonly perClass: Readonly<Partial<Record<Kind, readonly Score[]>>>;
}

/** The masks of a column, in the words of a sentence. */
export function titleOf(kind: string): string {
  return kind === "crf" ? "segmentation + CRF" : (columns[kind as Kind] ?? kind);
}

/**
 * Table of the IoU of every class for every kind of masks, in percent, with means and the F1 of the tags if measured; without
 * any true mask, the F1 alone.
 */
export function scoreTable({ metrics, perClass }: Scores, classes: readonly string[]): string {
  const names = ["background", ...classes];
  const kinds = (Object.keys(columns) as Kind[]).filter((kind) => perClass[kind]);
  const isMeasured = kinds.some((kind) => perClass[kind]!.some(isScore));
  if (!isMeasured && isScore(metrics.tagF1)) {
    return `F1 of the tags ${percent(metrics.tagF1)} %; no true masks, so no IoU`;
  }
  const table = textTable([
    ["IoU, %", ...kinds.map((kind) => columns[kind])],
    ...names.map((name, i) => [name, ...kinds.map((kind) => percent(perClass[kind]![i]))]),
    ["mean", ...kinds.map((kind) => percent(metrics[kind]))],
  ]);
  return metrics.tagF1 === undefined
    ? table
    : `${table}\nF1 of the tags ${percent(metrics.tagF1)} %`;
}

/** A score in percent, or a dash. */
export function percent(score: Score): string {
  return isScore(score) ? (100 * score).toFixed(1) : "-";
}

function isScore(score: Score): score is number {
  return score !== null && score !== undefined && !Number.isNaN(score);
}

/** Table of the IoU after every stage, in percent: the mean, and that of the background and every class. */
export function stageTable(stages: StageScores["stages"], classes: readonly string[]): string {
  return textTable([
    ["IoU, %", "mean", "background", ...classes],
    ...stages.map(({ title, meanIou, perClass }) => [
      title,
      percent(meanIou),
      ...perClass.map(percent),
    ]),
  ]);
}

/** Table of the mIoU of every stage for every seed, in percent, with mean and deviation, and the F1 of the tags. */
export function seedTable(
  measured: readonly MeasuredSeed[],
  { stages, tagF1 }: SeedSummary,
): string {
  const rows = [
    ["mIoU, %", ...measured.map(({ seed }) => `seed ${seed}`), "mean ± deviation"],
    ...stages.map(({ title, scores, mean, deviation }) => [
      title,
      ...scores.map(percent),
      `${percent(mean)} ± ${percent(deviation)}`,
    ]),
  ];
  return `${textTable(rows)}\nF1 of the tags ${percent(tagF1)} %`;
}
