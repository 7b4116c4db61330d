import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { maskFormats } from "../../src/files/formats/formats.ts";
import type { Bench, Check } from "./check.ts";
import { ended, jobStates, processWith, run, submit, until, type JobState } from "./jobs.ts";

/** Images of a shard; the last shard has fewer. */
const shardSize = 7;
const options = ["--format", maskFormats.join(","), "--device", "cpu"];

/** `label.sbatch` and `merge`, against one process. */
export function labellingChecks({ work, data, deploy, model, small }: Bench): readonly Check[] {
  const whole = join(work, "whole");
  const label = ["label", "--model", model, "--data", data, ...options];

  /** Submits tasks of a job. @param array of sbatch: `0-3`, `1,3` */
  const start = (out: string, tasks: number, array: string, more: readonly string[] = []) =>
    submit({
      script: join(deploy, "label.sbatch"),
      options: [`--array=${array}`, "--cpus-per-task=1", ...more],
      args: options,
      env: {
        ...{ MODEL: model, DATA: data, OUT: out },
        ...{ TASKS: String(tasks), SHARD_SIZE: String(shardSize) },
      },
      cwd: work,
    });
  const logOf = (job: string): string =>
    readdirSync(work)
      .filter((name) => name.startsWith(`label-${job}_`))
      .map((name) => readFileSync(join(work, name), "utf8").slice(-1000))
      .join("");
  const expectEnds = async (
    job: string,
    expected: readonly string[],
  ): Promise<readonly JobState[]> => {
    const states = await ended(job);
    const ends = states.map(({ task, state }) => `${task} ${state}`).sort();
    if (ends.join() === [...expected].sort().join()) return states;
    throw new Error(
      `tasks ended as ${ends.join(", ")}, not as ${expected.join(", ")}: ${logOf(job)}`,
    );
  };
  const complete = (numbers: readonly number[]): string[] =>
    numbers.map((task) => `${task} COMPLETED`);
  /** Waits until a task is in the middle of a shard. */
  const making = (out: string, shard: number): Promise<true> =>
    until(`shard ${shard}`, () => existsSync(join(out, "shards", `.shard-0000${shard}`)), {
      ...{ everyMs: 5, seconds: 120 },
    });
  const merge = async (out: string): Promise<string> => {
    await run("tag2mask", ["merge", out]);
    const count = compareTrees(whole, out);
    return `${count} files are those of one process`;
  };

  return [
    {
      name: "one process labels in all formats",
      async run() {
        await run("tag2mask", [...label, "--out", whole]);
        return `${filesOf(whole).length} files`;
      },
    },
    {
      name: "4 tasks, one killed: merge names it, it runs again alone",
      async run() {
        const out = join(work, "killed-task");
        const job = await start(out, 4, "0-3");
        await making(out, 1);
        process.kill(processWith("label", "SLURM_ARRAY_TASK_ID=1"), "SIGKILL");
        const states = await expectEnds(job, [...complete([0, 2, 3]), "1 FAILED"]);
        const array = await missingTasks(out);
        if (array !== "--array=1") throw new Error(`merge says ${array}, not --array=1`);
        // Elsewhere the killed task counts as running for two minutes.
        const { node } = states.find(({ task }) => task === "1")!;
        await expectEnds(await start(out, 4, "1", ["--nodelist", node]), complete([1]));
        return merge(out);
      },
    },
    {
      name: "2 of 4 tasks, then 3 tasks for the rest; another shard size is refused",
      async run() {
        const out = join(work, "other-tasks");
        await expectEnds(await start(out, 4, "0,2"), complete([0, 2]));
        const array = await missingTasks(out);
        if (array !== "--array=1,3") throw new Error(`merge says ${array}, not --array=1,3`);
        const other = [...label, "--out", out, "--shard-size", "9", "--task", "1", "--tasks", "4"];
        const code = await exitCodeOf(other);
        if (code !== 2) throw new Error(`another shard size ends with ${code}, not with 2`);
        await expectEnds(await start(out, 3, "0-2"), complete([0, 1, 2]));
        return merge(out);
      },
    },
    {
      name: "the same task twice at once, on two nodes",
      async run() {
        const out = join(work, "twice");
        const jobs = await Promise.all(
          ["node1", "node2"].map((node) => start(out, 1, "0", ["--nodelist", node])),
        );
        for (const job of jobs) await expectEnds(job, complete([0]));
        return merge(out);
      },
    },
    {
      name: "a task that is told to stop goes back into the queue and continues",
      async run() {
        const out = join(work, "stopped-task");
        const job = await start(out, 1, "0", ["--nodelist=node1"]);
        await making(out, 1);
        await run("scancel", ["--signal=TERM", job]);
        const [state] = await expectEnds(job, complete([0]));
        if (state!.restarts !== 1) throw new Error(`${state!.restarts} restarts: ${logOf(job)}`);
        return merge(out);
      },
    },
    {
      name: "a task that is put back by scontrol requeue continues",
      async run() {
        const out = join(work, "requeued-task");
        const job = await start(out, 1, "0", ["--nodelist=node1"]);
        await making(out, 1);
        const [{ id }] = (await jobStates(job)) as [JobState];
        await run("scontrol", ["requeue", id]);
        const [state] = await expectEnds(job, complete([0]));
        if (state!.restarts !== 1) throw new Error(`${state!.restarts} restarts: ${logOf(job)}`);
        return merge(out);
      },
    },
    {
      name: "launchers number the tasks: an array of SLURM, mpirun of Open MPI, srun for MPICH",
      async run() {
        const told: string[] = [];
        for (const { name, launch } of launchers(work)) {
          const out = join(work, `numbered-by-${name}`);
          const command = ["tag2mask", ...label, "--out", out, "--shard-size", String(shardSize)];
          const text = await launch(command);
          const numbers = Array.from(text.matchAll(/task . of 2, taken .*/g), String).sort();
          const tasks = numbers.map((number) => number.slice(0, "task 0".length)).join();
          if (tasks !== "task 0,task 1") throw new Error(`${name}: ${numbers.join("; ") || text}`);
          await merge(out);
          told.push(numbers[1]!);
        }
        return told.join("; ");
      },
    },
    {
      name: "a full disk: the task says so and fails, and goes on when there is space",
      async run() {
        const failing = await start(small, 1, "0");
        await expectEnds(failing, ["0 FAILED"]);
        const reason = /tag2mask label: .*/.exec(logOf(failing))?.[0] ?? "";
        if (!/no space|disk is full|ENOSPC/i.test(reason)) throw new Error(logOf(failing));
        await run("mount", ["-o", "remount,size=64m", small]);
        await expectEnds(await start(small, 1, "0"), complete([0]));
        return `${reason}; then ${await merge(small)}`;
      },
    },
  ];
}

/** Ways to start a command twice, with the number of each in its environment. They return what it prints. */
function launchers(work: string): readonly {
  readonly name: string;
  readonly launch: (command: readonly string[]) => Promise<string>;
}[] {
  const asRoot = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
  const both = (command: readonly string[]): string[] => [
    "bash",
    "-c",
    '"$@" 2>&1',
    "bash",
    ...command,
  ];
  return [
    {
      name: "array",
      async launch(command) {
        const script = join(work, "array.sbatch");
        writeFileSync(script, `#!/bin/bash\n${command.map((word) => `'${word}'`).join(" ")}\n`);
        const options = ["--array=0-1", `--output=${join(work, "array-%a.log")}`];
        await ended(await submit({ script, options, cwd: work }));
        return [0, 1].map((task) => readFileSync(join(work, `array-${task}.log`), "utf8")).join("");
      },
    },
    {
      name: "open-mpi",
      launch: (command) =>
        run("mpirun.openmpi", ["--oversubscribe", "-n", "2", ...both(command)], { env: asRoot }),
    },
    {
      name: "pmi2",
      launch: (command) => run("srun", ["--mpi=pmi2", "-N2", ...both(command)]),
    },
  ];
}

/** The list of tasks that a merge asks to run again, since their shards are missing. */
async function missingTasks(out: string): Promise<string | undefined> {
  try {
    await run("tag2mask", ["merge", out, "--json"]);
  } catch (error) {
    const { code, stdout = "" } = error as { code?: number; stdout?: string };
    if (code !== 3) throw error;
    return /"array":"(.*?)"/.exec(stdout)?.[1];
  }
  throw new Error("merge finds no shard missing");
}

async function exitCodeOf(args: readonly string[]): Promise<number> {
  try {
    await run("tag2mask", args);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Compares all files of two folders, byte for byte. Returns their number. */
function compareTrees(expected: string, found: string): number {
  const [wanted, names] = [expected, found].map(filesOf) as [string[], string[]];
  const missing = wanted.filter((name) => !names.includes(name));
  const extra = names.filter((name) => !wanted.includes(name));
  const read = (folder: string, name: string): Buffer => readFileSync(join(folder, name));
  const differing = wanted.filter(
    (name) => names.includes(name) && !read(expected, name).equals(read(found, name)),
  );
  if (missing.length + extra.length + differing.length > 0) {
    throw new Error(
      `${found}: missing ${missing.join(", ") || "nothing"}; extra ${extra.join(", ") || "nothing"}; ` +
        `other content: ${differing.join(", ") || "none"}`,
    );
  }
  return wanted.length;
}
