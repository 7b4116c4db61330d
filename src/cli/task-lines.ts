import { counted } from "../files/text/units.ts";
import type { ShardEvent, TaskDoneEvent, TaskEvent } from "../jobs/run-shards.ts";
import type { WaitingEvent } from "../jobs/shard-plan.ts";
import { exitCodes } from "./exit-codes.ts";
import { ctrlCNote, Interrupted, type Interruption } from "./interrupt.ts";
import type { Output } from "./output.ts";
import { asWord } from "./remedies.ts";
import { unusedShards } from "./unused-shards.ts";

/** What a task has made of its images. */
export interface TaskSums {
  /** What became of them in words: "12 masks". */
  readonly made: string;
  readonly skipped: number;
  readonly seconds: number;
  /** The same for programs. */
  readonly facts: Readonly<Record<string, number>>;
}

/** Prints the events that all tasks of jobs in shards have in common. @param sums at the end of the task */
export function tellTask(
  event: TaskEvent | ShardEvent | WaitingEvent | TaskDoneEvent,
  sums: () => TaskSums,
  output: Output,
  interruption: Interruption,
): void {
  switch (event.type) {
    case "waiting":
      // Nobody else has taken Ctrl-C over as yet.
      interruption.handle(() => output.note(ctrlCNote("stopping")));
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
    case "task-done":
      return tellTaskDone(event, sums(), output);
  }
}

/** What a task has made, and what is left to the others. */
function tellTaskDone(
  event: TaskDoneEvent,
  { made, skipped, seconds, facts }: TaskSums,
  output: Output,
): void {
  output.progress.clear();
  const { out, task, tasks, shards, missing, unused } = event;
  const leftOut = skipped > 0 ? `, ${skipped} left out` : "";
  const verb = shards === 1 ? "is" : "are";
  output.say(
    shards === 0
      ? `task ${task} of ${tasks}: nothing to do, as there are fewer shards than tasks`
      : `task ${task} of ${tasks}: its ${counted(shards, "shard")} ${verb} complete; ${made} in ${seconds} s${leftOut}`,
  );
  if (unused.shards.length > 0) output.say(unusedShards(out, unused.shards, unused.images));
  const next = `tag2mask merge ${asWord(out)}`;
  output.say(
    missing === 0
      ? `all shards are complete: ${next}`
      : `${counted(missing, "shard")} of other tasks ${missing === 1 ? "is" : "are"} missing; then: ${next}`,
  );
  output.record({ ...event, ...facts, skipped, seconds });
}

/** How a task ends that was stopped. @param thing what it makes or measures: "image" */
export function taskStopped(done: number, total: number, thing = "image"): Interrupted {
  return new Interrupted(
    `stopped after ${done} of ${counted(total, thing)} of this task; all that is finished is kept, and the ` +
      "same command goes on with the rest",
    exitCodes.temporary,
  );
}
