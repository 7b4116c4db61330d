import { describe, expect, test } from "vitest";
import { taskNumber, type TaskOptions } from "../../src/cli/task-number.ts";
import { UserError } from "../../src/user-error.ts";

type Environment = Readonly<Record<string, string>>;

/** What SLURM sets in a task of `--array=0-3`, or of another array. */
const array = (id: number, [min, max, count, step] = [0, 3, 4, 1]): Environment => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(min),
  SLURM_ARRAY_TASK_MAX: String(max),
  SLURM_ARRAY_TASK_COUNT: String(count),
  SLURM_ARRAY_TASK_STEP: String(step),
});

/** Every launcher at once, each with another number. */
const all: Environment = {
  ...array(1),
  JOB_COMPLETION_INDEX: "2",
  ...{ OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "8" },
  ...{ PMI_RANK: "4", PMI_SIZE: "8" },
  ...{ RANK: "5", WORLD_SIZE: "8" },
};

/** All but the launchers that come before the named variable. */
const from = (first: string): Environment =>
  Object.fromEntries(Object.entries(all).slice(Object.keys(all).indexOf(first)));

describe("the number of a task", () => {
  const found: readonly [string, TaskOptions, Environment, string][] = [
    ["the options, whatever is set", { task: 6, tasks: 8 }, all, "task 6 of 8, taken from --task and --tasks"],
    ["an array of SLURM with all tasks", {}, array(2), "task 2 of 4, taken from SLURM_ARRAY_TASK_ID"],
    ["an array of one", {}, array(0, [0, 0, 1, 1]), "task 0 of 1, taken from SLURM_ARRAY_TASK_ID"],
    ["SLURM before all others", {}, all, "task 1 of 4, taken from SLURM_ARRAY_TASK_ID"],
    ["a rerun of some tasks", { tasks: 4 }, array(3, [1, 3, 2, 2]), "task 3 of 4, taken from SLURM_ARRAY_TASK_ID and --tasks"],
    ["an index of Kubernetes", { tasks: 8 }, from("JOB_COMPLETION_INDEX"), "task 2 of 8, taken from JOB_COMPLETION_INDEX and --tasks"],
    ["mpirun of Open MPI", {}, from("OMPI_COMM_WORLD_RANK"), "task 3 of 8, taken from OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE"],
    ["mpirun of MPICH", {}, from("PMI_RANK"), "task 4 of 8, taken from PMI_RANK and PMI_SIZE"],
    ["the names of torchrun", {}, from("RANK"), "task 5 of 8, taken from RANK and WORLD_SIZE"],
    ["a launcher that agrees with --tasks", { tasks: 8 }, from("RANK"), "task 5 of 8, taken from RANK and WORLD_SIZE"],
    ["no launcher", {}, {}, "task 0 of 1: neither --task nor a launcher says otherwise"],
    ["a batch script of SLURM without an array", {}, { SLURM_PROCID: "0", SLURM_NTASKS: "4" }, "task 0 of 1: neither --task nor a launcher says otherwise"],
    ["empty variables", {}, { RANK: "", SLURM_ARRAY_TASK_ID: "" }, "task 0 of 1: neither --task nor a launcher says otherwise"],
  ]; // prettier-ignore

  test.each(found)("comes from %s", (_, options, env, sentence) => {
    const { task, tasks, from } = taskNumber({ shardSize: 100, ...options }, env);
    expect(from).toBe(sentence);
    expect(from).toContain(`task ${task} of ${tasks}`);
  });

  test("is not looked for in a job without shards", () => {
    expect(taskNumber({}, all)).toMatchObject({ task: 0, tasks: 1 });
  });
});

describe("a task is refused", () => {
  const refused: readonly [string, TaskOptions, Environment, RegExp][] = [
    ["without shards", { task: 0, tasks: 2 }, {}, /^--task needs --shard-size/],
    ["of several without shards", { tasks: 2 }, all, /^--tasks needs --shard-size/],
    ["without the number of all", { task: 1, shardSize: 9 }, all, /^--task 1 needs --tasks/],
    ["that is beyond the last", { task: 4, tasks: 4, shardSize: 9 }, {}, /^--task 4 is none of 4 tasks: tasks are 0 to 3$/],
    ["that is beyond the only one", { task: 1, tasks: 1, shardSize: 9 }, {}, /^--task 1 is none of 1 task: the only task is 0$/],
    ["of an array with more tasks than --tasks", { tasks: 2, shardSize: 9 }, array(3), /^SLURM_ARRAY_TASK_ID=3 is none of 2 tasks/],
    ["of an array that is a rerun", { shardSize: 9 }, array(3, [1, 3, 2, 2]), /array of 2 with numbers up to 3, which need not be all tasks; give --tasks$/],
    ["of an array that begins at 1", { shardSize: 9 }, array(2, [1, 4, 4, 1]), /array of 4 with numbers up to 4, .*; give --tasks$/],
    ["of an array with gaps", { shardSize: 9 }, array(2, [0, 3, 3, 1]), /array of 3 with numbers up to 3, .*; give --tasks$/],
    ["of an array in steps", { shardSize: 9 }, array(3, [0, 9, 4, 3]), /array of 4 with numbers up to 9, .*; give --tasks$/],
    ["of an array of unknown size", { shardSize: 9 }, { SLURM_ARRAY_TASK_ID: "1" }, /SLURM_ARRAY_TASK_COUNT is not; give --tasks$/],
    ["of Kubernetes, which tells no count", { shardSize: 9 }, from("JOB_COMPLETION_INDEX"), /^JOB_COMPLETION_INDEX=2 .*; give --tasks$/],
    ["whose launcher tells no count", { shardSize: 9 }, { RANK: "1" }, /^RANK=1 is set, but WORLD_SIZE is not; give --task and --tasks, or unset RANK$/],
    ["whose launcher has started another number", { tasks: 4, shardSize: 9 }, from("PMI_RANK"), /^--tasks 4 is not .*: PMI_SIZE=8/],
    ["beyond the count of its launcher", { shardSize: 9 }, { RANK: "2", WORLD_SIZE: "2" }, /^RANK=2 is none of 2 tasks/],
    ["of none", { shardSize: 9 }, { RANK: "0", WORLD_SIZE: "0" }, /^RANK and WORLD_SIZE: the number of all tasks is 0, not at least 1$/],
    ["with a word for a number", { shardSize: 9 }, { RANK: "first", WORLD_SIZE: "2" }, /^RANK: "first" is no whole number from 0 up$/],
    ["with a negative number", { tasks: 2, shardSize: 9 }, { JOB_COMPLETION_INDEX: "-1" }, /^JOB_COMPLETION_INDEX: "-1" is no whole number/],
    ["that nobody has numbered", { tasks: 2, shardSize: 9 }, { SLURM_PROCID: "1" }, /^--tasks 2 .* SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, OMPI_COMM_WORLD_RANK, PMI_RANK, RANK$/],
  ]; // prettier-ignore

  test.each(refused)("%s", (_, options, env, message) => {
    let error: unknown;
    try {
      taskNumber(options, env);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      code: "usage",
      message: expect.stringMatching(message) as string,
    });
  });
});
