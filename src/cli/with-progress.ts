import type { EvaluationProgress } from "../method/eval/evaluator.ts";
import { CountMeter } from "./progress.ts";
import type { Output } from "./output.ts";

/**
 * What comes of work that tells how far it is, with a line of progress meanwhile.
 * @param each looks at every step of it
 */
export async function withProgress<P extends EvaluationProgress, R>(
  things: string,
  work: AsyncGenerator<P, R>,
  output: Output,
  each?: (step: P) => Promise<void> | void,
): Promise<R> {
  const meter = new CountMeter(things, () => output.now());
  let next = await work.next();
  for (; !next.done; next = await work.next()) {
    await each?.(next.value);
    output.progress.update(meter.read(next.value.done, next.value.total));
  }
  output.progress.clear();
  return next.value;
}
