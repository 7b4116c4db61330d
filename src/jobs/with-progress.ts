import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import type { ProgressEvent } from "./events.ts";

/**
 * The progress of an evaluation as events; returns its result.
 * @param each receives every step before it is told
 */
export async function* withProgress<P extends EvaluationProgress, R>(
  evaluation: AsyncGenerator<P, R>,
  each?: (step: P) => Promise<void> | void,
): AsyncGenerator<ProgressEvent, R> {
  let next = await evaluation.next();
  for (; !next.done; next = await evaluation.next()) {
    const { done, total } = next.value;
    await each?.(next.value);
    yield { type: "progress", done, total };
  }
  return next.value;
}
