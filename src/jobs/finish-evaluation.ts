import { MaskOrder } from "../files/datasets/index.ts";
import type { LabelCounts, MaskFinding } from "../files/formats/label-counts.ts";
import type { WorstImage } from "../files/report/worst-images.ts";
import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import type { Evaluation } from "../method/eval/evaluator.ts";
import type { StageScores } from "../method/eval/stages.ts";
import { UserError } from "../user-error.ts";
import type { ComparedEvent, ScoresEvent, StagesEvent } from "./evaluation-events.ts";
import type { ComparisonFacts, ScoresFacts, StagesFacts } from "./evaluation-facts.ts";
import { writeResults } from "./evaluation-results.ts";
import type { PairScores } from "./score-masks.ts";
import { neverRight, scoreFindings } from "./score-warnings.ts";

/** Where the results of an evaluation go, if anywhere, and what is to be said of the whole of it. */
export interface Finish {
  readonly out?: string | undefined;
  /** Number of images, with those left out. */
  readonly total: number;
  /** Values of the true masks. */
  readonly truth: LabelCounts;
  readonly worst: readonly WorstImage[];
  /** Findings that come before those about the masks. */
  readonly findings?: readonly MaskFinding[];
}

/** Writes the scores of a model, and returns them as an event; a UserError if nothing was measured. */
export async function finishScores(
  host: FileHost,
  { cam, names, note, kind: _, ...facts }: ScoresFacts,
  classes: readonly string[],
  { matrices: counts, ...evaluation }: Omit<Evaluation, "panels">,
  order: MaskOrder,
  { out, total, truth, worst, findings = [] }: Finish,
): Promise<ScoresEvent> {
  const { images, masks, skipped, accuracy } = evaluation;
  if (masks === 0) throw nothingMeasured(skipped, total, "images");
  const { model, split, data } = facts;
  const matrices = matricesOf(counts, cam);
  const { tagF1 } = evaluation.metrics;
  const final = Object.values(matrices).at(-1)!;
  const warnings = [
    ...findings,
    ...orderFindings({ data, names, note }, classes, order),
    ...scoreFindings(final, classes, truth, data),
  ];
  const { scales, flip, longSide, crf } = facts;
  const files = await writeResults(
    host,
    { ...(out !== undefined && { out }) },
    {
      about: { model, data, split, scales, flip, longSide, crf, images },
      warnings: warnings.map(({ message }) => message),
      classes,
      matrices,
      masks,
      skipped,
      title: `Worst of ${split}`,
      tagF1,
      worst,
    },
  );
  const scores = { model, split, classes, matrices, tagF1, accuracy, images, masks, skipped };
  return { type: "scores", ...scores, warnings, files };
}

/** What is told about the order in which true masks number the classes. */
function orderFindings(
  { data, names, note }: Pick<ScoresFacts, "data" | "names" | "note">,
  classes: readonly string[],
  order: MaskOrder,
): MaskFinding[] {
  if (names) return note === null ? [] : [{ message: note }];
  const finding = order.finding(classes);
  return finding ? [{ ...finding, message: `${data}: ${finding.message}` }] : [];
}

/** The counts that were asked for, the final masks last. */
function matricesOf(
  { cam, affinityCam, seg, crf }: Evaluation["matrices"],
  withCam: boolean,
): Partial<Evaluation["matrices"]> {
  return { ...(withCam && { cam, affinityCam }), seg, ...(crf && { crf }) };
}

/** The file with the scores after every part of the method. */
export const stagesFile = "stages.json";

/** Writes the scores after every part of the method, and returns them as an event; a UserError if nothing was measured. */
export async function finishStages(
  { store }: Pick<FileHost, "store">,
  { model, data, split, longSide }: StagesFacts,
  { stages, tagF1, masks, skipped }: StageScores,
  { out, total, findings = [] }: Pick<Finish, "out" | "total" | "findings">,
): Promise<StagesEvent> {
  if (masks === 0) throw nothingMeasured(skipped, total, "images");
  const result = {
    ...{ model, data, split, longSide, stages, tagF1, masks, skipped },
    ...(findings.length > 0 && { warnings: findings.map(({ message }) => message) }),
  };
  const file = out === undefined ? undefined : join(out, stagesFile);
  if (file !== undefined) {
    await store.write([{ path: file, data: `${JSON.stringify(result, undefined, 2)}\n` }]);
  }
  return { type: "stages", ...result, ...(file !== undefined && { file }) };
}

/** Writes the comparison of two folders of masks, and returns it as an event; a UserError if nothing was measured. */
export async function finishComparison(
  host: FileHost,
  { masks: predictions, truth: folder, unpredicted, untrue }: ComparisonFacts,
  { matrix, classes, masks, skipped }: PairScores,
  { out, total, truth, worst, findings = [] }: Finish,
): Promise<ComparedEvent> {
  if (masks === 0) throw nothingMeasured(skipped, total, "masks");
  const warnings = [
    ...findings,
    ...scoreFindings(matrix, classes, truth, folder),
    ...neverRight(matrix, classes),
  ];
  const files = await writeResults(
    host,
    { ...(out !== undefined && { out }) },
    {
      about: { predictions, truth: folder, unpredicted, untrue },
      warnings: warnings.map(({ message }) => message),
      classes,
      matrices: { masks: matrix },
      masks,
      skipped,
      title: "Worst masks",
      worst,
    },
  );
  return {
    type: "compared",
    matrix,
    classes,
    masks,
    unpredicted,
    untrue,
    skipped,
    warnings,
    files,
  };
}

function nothingMeasured(
  [first]: readonly string[],
  count: number,
  what: "images" | "masks",
): UserError {
  const none = `none of the ${count} ${what} can be measured`;
  return new UserError(first === undefined ? none : `${first}; ${none}`);
}
