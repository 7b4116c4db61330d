import { counted } from "../../files/text/units.ts";
import type { EvaluationShardsEvent, TaskStoppedEvent } from "../../jobs/evaluation-events.ts";
import type { ShardEvent, TaskDoneEvent, TaskEvent } from "../../jobs/run-shards.ts";
import type { WaitingEvent } from "../../jobs/shard-plan.ts";
import type { Interruption } from "../interrupt.ts";
import type { Output } from "../output.ts";
import { secondsSince } from "../seconds.ts";
import { taskStopped, tellTask, type TaskSums } from "../task-lines.ts";

type TaskLine = TaskEvent | ShardEvent | WaitingEvent | TaskDoneEvent | TaskStoppedEvent;

/**
 * Prints the events of an evaluation that only a task of several has, and counts what the others tell of it. Returns a function that
 * takes any event and returns whether it was one of these.
 */
export function evaluationTask(
  output: Output,
): <E extends { readonly type: string }>(
  event: E,
  interruption: Interruption,
) => event is Extract<E, TaskLine> {
  const started = output.now();
  let [done, skipped, predicts] = [0, 0, false];
  const sums = (): TaskSums => {
    const count = done - skipped;
    const made = predicts ? counted(count, "mask") : `${counted(count, "image")} measured`;
    const facts = predicts ? { masks: count } : { measured: count };
    return { made, skipped, seconds: secondsSince(started, output), facts };
  };
  const show = (event: EvaluationShardsEvent, interruption: Interruption): boolean => {
    switch (event.type) {
      case "predicting":
        predicts = true;
        return false;
      case "progress":
        done = event.done;
        return false;
      case "left-out":
        skipped += event.problems.length;
        return false;
      case "stopped":
        if (!("task" in event)) return false;
        throw taskStopped(event.done, event.total);
      case "waiting":
      case "task":
      case "shard":
      case "task-done":
        tellTask(event, sums, output, interruption);
        return true;
      default:
        return false;
    }
  };
  return show as ReturnType<typeof evaluationTask>;
}
