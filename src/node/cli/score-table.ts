/** A score in 0..1, or none where there is no truth (null once it has been through JSON). */
type Score = number | null | undefined;

const kinds = ["cam", "affinityCam", "seg"] as const;
type Kind = (typeof kinds)[number];

/** Mean scores, and those of background and every class. */
export interface Scores {
  readonly metrics: Readonly<Record<Kind | "tagF1", Score>>;
  readonly perClass: Readonly<Record<Kind, readonly Score[]>>;
}

/** IoU in percent of every class for CAM, affinity CAM and segmentation, their means, the tags' F1. */
export function scoreTable({ metrics, perClass }: Scores, classes: readonly string[]): string {
  const names = ["background", ...classes];
  const rows = [
    ["IoU, %", "CAM", "affinity CAM", "segmentation"],
    ...names.map((name, i) => [name, ...kinds.map((kind) => percent(perClass[kind][i]))]),
    ["mean", ...kinds.map((kind) => percent(metrics[kind]))],
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  "),
  );
  return [...lines, `F1 of the tags ${percent(metrics.tagF1)} %`].join("\n");
}

function percent(score: Score): string {
  return score === null || score === undefined || Number.isNaN(score)
    ? "-"
    : (100 * score).toFixed(1);
}
