import type { LogEntry, ValidationEntry } from "./log.ts";

/** IoU by class name; null for a class that neither the truth nor the prediction has. */
type NamedScores = Readonly<Record<string, number | null>>;

/** Scores of the newest and the best validation: the content of metrics.json. */
export interface ScoreSummary {
  readonly step: number;
  readonly metrics: ValidationEntry["metrics"];
  readonly perClass: Readonly<Record<keyof ValidationEntry["perClass"], NamedScores>>;
  /** Shares of the pixels that class activations give to each class, 0..1; only without true masks. */
  readonly camAreas?: NamedScores;
  readonly best: { readonly step: number; readonly metrics: ValidationEntry["metrics"] };
}

/** The validation with the highest segmentation mIoU, or F1 of the tags without true masks; the earliest if several have it. */
export function bestValidation(entries: readonly LogEntry[]): ValidationEntry | undefined {
  return entries
    .filter((entry) => entry.type === "validation")
    .reduce<ValidationEntry | undefined>(
      (best, entry) => (best && !(scoreOf(entry) > scoreOf(best)) ? best : entry),
      undefined,
    );
}

function scoreOf({ metrics: { seg, tagF1 } }: ValidationEntry): number {
  return Number.isFinite(seg) ? seg : tagF1;
}

/** Summary of all scores so far; undefined before the first validation. */
export function summarizeScores(entries: readonly LogEntry[]): ScoreSummary | undefined {
  const last = entries.findLast((entry) => entry.type === "validation");
  const best = bestValidation(entries);
  if (!last || !best) return undefined;
  const classes = entries.find((entry) => entry.type === "start")?.classes ?? [];
  const byClassName = (scores: readonly (number | null)[]): NamedScores =>
    Object.fromEntries(
      scores.map((iou, c) => [
        c === 0 ? "background" : (classes[c - 1] ?? `class ${c}`),
        iou !== null && Number.isFinite(iou) ? iou : null,
      ]),
    );
  const { cam, affinityCam, seg } = last.perClass;
  return {
    step: last.step,
    metrics: last.metrics,
    perClass: {
      cam: byClassName(cam),
      affinityCam: byClassName(affinityCam),
      seg: byClassName(seg),
    },
    ...(last.camAreas && { camAreas: byClassName(last.camAreas) }),
    best: { step: best.step, metrics: best.metrics },
  };
}
