import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import type { JobOptions, ProgressEvent, StoppedEvent } from "./events.ts";

/**
 * The progress of an evaluation as events; returns its result.
 * @param each receives every step before its event
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

/**
 * The same for an evaluation that an aborted signal ends after the step under way: its last event is then `stopped`, and
 * there is no result.
 */
export async function* untilAborted<P extends EvaluationProgress, R>(
  evaluation: AsyncGenerator<P, R>,
  { signal }: JobOptions,
  each?: (step: P) => Promise<void> | void,
): AsyncGenerator<ProgressEvent | StoppedEvent, R | undefined> {
  const steps = withProgress(evaluation, each);
  let next = await steps.next();
  for (; !next.done; next = await steps.next()) {
    yield next.value;
    const { done, total } = next.value;
    if (signal?.aborted !== true || done === total) continue;
    await evaluation.return(undefined as R);
    yield { type: "stopped", done, total };
    return undefined;
  }
  return next.value;
}
