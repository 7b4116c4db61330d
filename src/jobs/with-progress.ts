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
  try {
    let next = await evaluation.next();
    for (; !next.done; next = await evaluation.next()) {
      const { done, total } = next.value;
      await each?.(next.value);
      yield { type: "progress", done, total };
    }
    return next.value;
  } finally {
    await evaluation.return(undefined as R);
  }
}

export interface UntilAbortedOptions<P> extends JobOptions {
  /** Receives every step before its event. */
  readonly each?: (step: P) => Promise<void> | void;
  /** The folder with the results so far, which the event `stopped` names. */
  readonly out?: string;
  /** Number of images that stay finished, which the event `stopped` tells. */
  readonly kept?: () => number | undefined;
}

/** The event of an evaluation that was stopped. */
export interface EvaluationStoppedEvent extends StoppedEvent {
  /** The folder with the results so far. */
  readonly out?: string;
  /** Images that stay finished, so that the evaluation can go on; absent without a folder. */
  readonly kept?: number;
}

/**
 * The same for an evaluation that an aborted signal ends after the step under way: its last event is then `stopped`, and
 * there is no result.
 */
export async function* untilAborted<P extends EvaluationProgress, R>(
  evaluation: AsyncGenerator<P, R>,
  { signal, each, out, kept }: UntilAbortedOptions<P>,
): AsyncGenerator<ProgressEvent | EvaluationStoppedEvent, R | undefined> {
  const steps = withProgress(evaluation, each);
  try {
    let next = await steps.next();
    for (; !next.done; next = await steps.next()) {
      yield next.value;
      const { done, total } = next.value;
      if (signal?.aborted !== true || done === total) continue;
      await steps.return(undefined as R);
      const finished = kept?.();
      yield {
        ...{ type: "stopped", done, total },
        ...(out !== undefined && { out }),
        ...(finished !== undefined && { kept: finished }),
      };
      return undefined;
    }
    return next.value;
  } finally {
    await steps.return(undefined as R);
  }
}
