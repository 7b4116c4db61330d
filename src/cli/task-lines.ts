import { counted } from "../files/text/units.ts";
import type { ShardEvent, TaskDoneEvent, TaskEvent } from "../jobs/run-shards.ts";
import type { WaitingEvent } from "../jobs/shard-plan.ts";
import { exitCodes } from "./exit-codes.ts";
import { Interrupted } from "./interrupt.ts";
import type { Output } from "./output.ts";

/** Prints what a task is about to make, what it waits for, and each shard that is complete. */
export function tellTask(event: TaskEvent | ShardEvent | WaitingEvent, output: Output): void {
  switch (event.type) {
    case "waiting":
      output.progress.clear();
      return output.note(`waiting ${event.message}`);
    case "task": {
      const { task, tasks, of, shards, complete } = event;
      const known = complete === 0 ? "" : `, ${complete} of which are complete already`;
      output.note(`task ${task} of ${tasks}: ${shards} of ${counted(of, "shard")}${known}`);
      return output.record(event);
    }
    case "shard":
      return output.record(event);
  }
}

/** Prints what a task has made, and what is left to the others. */
export function printTask(
  event: TaskDoneEvent,
  {
    masks,
    skipped,
    seconds,
  }: { readonly masks: number; readonly skipped: number; readonly seconds: number },
  output: Output,
): void {
  output.progress.clear();
  const { out, task, tasks, shards, missing } = event;
  const leftOut = skipped > 0 ? `, ${skipped} left out` : "";
  const verb = shards === 1 ? "is" : "are";
  output.say(
    `task ${task} of ${tasks}: its ${counted(shards, "shard")} ${verb} complete; ${counted(masks, "mask")} in ${seconds} s${leftOut}`,
  );
  const next = `tag2mask merge ${out}`;
  output.say(
    missing === 0
      ? `all shards are complete: ${next}`
      : `${counted(missing, "shard")} of other tasks ${missing === 1 ? "is" : "are"} missing; then: ${next}`,
  );
  output.record({ ...event, masks, skipped, seconds });
}

/** A task that was stopped; its exit code asks for another start. @param thing what it counts: "image" */
export function stoppedTask(
  { done, total }: { readonly done: number; readonly total: number },
  thing: string,
): Interrupted {
  return new Interrupted(
    `stopped after ${done} of ${counted(total, thing)} of this task; all that is finished is kept, and the ` +
      "same command goes on with the rest",
    exitCodes.temporary,
  );
}
