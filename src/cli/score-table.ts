import { textTable } from "../files/text/columns.ts";
import type { MeasuredSeed, SeedSummary } from "../jobs/compare-seeds.ts";

/** A score in 0..1, or none where there is no truth (null once it has been through JSON). */
type Score = number | null | undefined;

/** Kinds of masks that are measured, and what their columns are called. */
const columns = {
  cam: "CAM",
  affinityCam: "affinity CAM",
  seg: "segmentation",
  crf: "+ CRF",
  masks: "masks",
} as const;
type Kind = keyof typeof columns;

/** Mean scores, and those of background and every class, of the kinds that were measured. */
export interface Scores {
  readonly metrics: Readonly<Partial<Record<Kind | "tagF1", Score>>>;
  readonly perClass: Readonly<Partial<Record<Kind, readonly Score[]>>>;
}

/** IoU in percent of every class for every kind of mask, their means, the tags' F1 if it was measured. */
export function scoreTable({ metrics, perClass }: Scores, classes: readonly string[]): string {
  const names = ["background", ...classes];
  const kinds = (Object.keys(columns) as Kind[]).filter((kind) => perClass[kind]);
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
  return score === null || score === undefined || Number.isNaN(score)
    ? "-"
    : (100 * score).toFixed(1);
}

/** mIoU in percent of every stage for every seed, with mean and deviation, and the tags' F1. */
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
