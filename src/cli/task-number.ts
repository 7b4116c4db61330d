import { UserError } from "../user-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface TaskOptions {
  /** This task, from 0 up. */
  readonly task?: number;
  /** Number of all tasks. */
  readonly tasks?: number;
  readonly shardSize?: number;
}

/** Which of several tasks this process is. */
export interface TaskNumber {
  /** From 0 up. */
  readonly task: number;
  readonly tasks: number;
  /** The sentence for the user that says where the number was taken from. */
  readonly from: string;
}

/** A variable with the number of a task, and where the launcher tells the number of all tasks. */
interface Source {
  readonly task: string;
  readonly tasks: string | ((env: Environment, task: number) => number) | undefined;
}

/**
 * The launchers, in the order in which they are looked for. SLURM_PROCID is not among them: it is also set, to 0, in a batch
 * script, where nobody has divided anything.
 */
const sources: readonly Source[] = [
  { task: "SLURM_ARRAY_TASK_ID", tasks: arrayTasks },
  { task: "JOB_COMPLETION_INDEX", tasks: undefined },
  { task: "OMPI_COMM_WORLD_RANK", tasks: "OMPI_COMM_WORLD_SIZE" },
  { task: "PMI_RANK", tasks: "PMI_SIZE" },
  { task: "RANK", tasks: "WORLD_SIZE" },
];

/**
 * The number of this task: that of the options, else the launcher's. Throws a UserError of code "usage" if there is none
 * although --tasks is given, or if the two numbers are none of a task.
 */
export function taskNumber(options: TaskOptions, env: Environment): TaskNumber {
  const { task, tasks, shardSize } = options;
  if (shardSize === undefined) {
    if (task === undefined && tasks === undefined) return alone;
    const given = task === undefined ? "--tasks" : "--task";
    throw usage(`${given} needs --shard-size: tasks divide a job by its shards`);
  }
  if (task !== undefined) {
    if (tasks === undefined) throw usage(`--task ${task} needs --tasks, the number of all tasks`);
    return checked(task, tasks, `--task ${task}`, "--task and --tasks");
  }
  const source = sources.find(({ task: name }) => valueOf(env, name) !== undefined);
  if (source === undefined) {
    if (tasks === undefined || tasks === 1) return alone;
    throw usage(
      `--tasks ${tasks} is given, but not which of them this is; give --task, or start it where one of these is set: ` +
        sources.map(({ task: name }) => name).join(", "),
    );
  }
  const number = wholeNumber(env, source.task);
  const found = `${source.task}=${number}`;
  if (typeof source.tasks !== "string") {
    if (tasks !== undefined) return checked(number, tasks, found, `${source.task} and --tasks`);
    if (source.tasks === undefined) {
      throw usage(`${found} does not tell the number of all tasks; give --tasks`);
    }
    return checked(number, source.tasks(env, number), found, source.task);
  }
  if (valueOf(env, source.tasks) === undefined) {
    throw usage(
      `${found} is set, but ${source.tasks} is not; give --task and --tasks, or unset ${source.task}`,
    );
  }
  const size = wholeNumber(env, source.tasks);
  if (tasks !== undefined && tasks !== size) {
    throw usage(
      `--tasks ${tasks} is not the number of processes that the launcher has started: ${source.tasks}=${size}; give only one ` +
        "of them, or --task too",
    );
  }
  return checked(number, size, found, `${source.task} and ${source.tasks}`);
}

const alone: TaskNumber = {
  task: 0,
  tasks: 1,
  from: "task 0 of 1: neither --task nor a launcher says otherwise",
};

/**
 * The number of all tasks of a job array of SLURM. SLURM counts the tasks of this submission: in a rerun with `--array=1,3`
 * they are 2, however many there were at first.
 */
function arrayTasks(env: Environment, task: number): number {
  const [count, max] = ["SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MAX"].map((name) => {
    if (valueOf(env, name) !== undefined) return wholeNumber(env, name);
    throw usage(`SLURM_ARRAY_TASK_ID=${task} is set, but ${name} is not; give --tasks`);
  }) as [number, number];
  // So many different numbers up to the highest are all from 0 up.
  if (count === max + 1) return count;
  throw usage(
    `SLURM_ARRAY_TASK_ID=${task} is of an array of ${count} with numbers up to ${max}, which need not be all tasks; give --tasks`,
  );
}

function checked(task: number, tasks: number, found: string, names: string): TaskNumber {
  if (tasks < 1) throw usage(`${names}: the number of all tasks is ${tasks}, not at least 1`);
  if (task >= tasks) {
    const known = tasks === 1 ? "the only task is 0" : `tasks are 0 to ${tasks - 1}`;
    throw usage(`${found} is none of ${tasks} ${tasks === 1 ? "task" : "tasks"}: ${known}`);
  }
  return { task, tasks, from: `task ${task} of ${tasks}, taken from ${names}` };
}

/** The value of a variable; undefined if it is empty too. */
function valueOf(env: Environment, name: string): string | undefined {
  return env[name] === "" ? undefined : env[name];
}

function wholeNumber(env: Environment, name: string): number {
  const text = valueOf(env, name) ?? "";
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw usage(`${name}: "${text}" is no whole number from 0 up`);
}

function usage(message: string): UserError {
  return new UserError(message, { code: "usage" });
}
