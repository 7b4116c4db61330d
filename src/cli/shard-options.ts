import type { Command } from "commander";
import type { ShardTask } from "../jobs/shard-plan.ts";
import { wholeNumber } from "./options.ts";
import type { Output } from "./output.ts";
import { taskNumber, type TaskOptions } from "./task-number.ts";

export interface ShardOptions extends TaskOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

/** `--shard-size`, `--task` and `--tasks`, for jobs that several processes do together. */
export function withShards(command: Command): Command {
  return command
    .option(
      "--shard-size <n>",
      "divide the images into shards of so many, of which each task makes a part in <out>/shards; tag2mask merge <out> makes the whole of them",
      wholeNumber(1),
    )
    .option(
      "--task <i>",
      "this task, from 0 up (default: as SLURM, Kubernetes or MPI number it)",
      wholeNumber(0),
    )
    .option("--tasks <n>", "number of all tasks", wholeNumber(1));
}

/** The task of a command, undefined if the job is not divided. Tells where its number was taken from. */
export function shardTask(
  command: Command,
  options: ShardOptions,
  output: Output,
): { readonly shards?: ShardTask } {
  const { shardSize, task, tasks, resume, overwrite } = options;
  if (shardSize === undefined && task === undefined && tasks === undefined) return {};
  const foreign = resume ? "--resume" : overwrite ? "--overwrite" : undefined;
  if (foreign !== undefined) {
    command.error(
      `error: ${foreign} is not for shards: leave it out; the same command goes on where a task stopped`,
    );
  }
  const found = taskNumber(options, process.env);
  output.note(found.from);
  return { shards: { shardSize: shardSize!, task: found.task, tasks: found.tasks } };
}
