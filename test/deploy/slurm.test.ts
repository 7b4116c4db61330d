import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";

const deploy = join(import.meta.dirname, "../../deploy/slurm");
const scripts = ["label.sbatch", "train.sbatch"] as const;
const work = mkdtempSync(join(tmpdir(), "tag2mask-slurm-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Commands of SLURM that write down how they are called, an argument a line; `srun` ends as $SRUN_CODE says. */
const bin = join(work, "bin");
mkdirSync(bin);
for (const [name, end] of [
  ["srun", "$SRUN_CODE"],
  ["scontrol", "${SCONTROL_CODE:-0}"],
]) {
  const record = `printf '%s\\n' "\${0##*/}" "$@" >>"$CALLS"`;
  writeFileSync(join(bin, name!), `#!/bin/bash\n${record}\nexit "${end}"\n`, { mode: 0o755 });
}

/** Runs a batch script as a node would. Returns its exit code, and the calls as lines of words. */
function run(
  script: (typeof scripts)[number],
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): { readonly code: number | null; readonly calls: readonly string[] } {
  const calls = join(work, "calls");
  writeFileSync(calls, "");
  const { status, stderr } = spawnSync(join(deploy, script), args, {
    cwd: work,
    encoding: "utf8",
    env: {
      PATH: `${bin}:${process.env["PATH"]}`,
      ...{ CALLS: calls, SRUN_CODE: "0", SLURM_JOB_ID: "71", SLURM_CPUS_PER_TASK: "4" },
      ...{ SLURM_ARRAY_TASK_ID: "3", SLURM_ARRAY_TASK_COUNT: "2", SLURM_ARRAY_TASK_MAX: "3" },
      ...env,
    },
  });
  expect(stderr).toBe("");
  const words = readFileSync(calls, "utf8").trimEnd().split("\n").join(" ");
  return { code: status, calls: words.split(/ (?=scontrol )/) };
}

describe.each(scripts)("%s", (name) => {
  const path = join(deploy, name);
  const text = readFileSync(path, "utf8");

  test("is a program of bash with options of sbatch before its first command", () => {
    accessSync(path, constants.X_OK);
    expect(spawnSync("bash", ["-n", path], { encoding: "utf8" }).stderr).toBe("");
    const lines = text.split("\n");
    const first = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
    const options = lines.filter((line) => line.startsWith("#SBATCH"));
    expect(lines.slice(first).filter((line) => line.startsWith("#SBATCH"))).toEqual([]);
    expect(options.filter((line) => !/^#SBATCH --[a-z-]+(=\S+)?$/.test(line))).toEqual([]);
    expect(options).toContain("#SBATCH --requeue");
    // A job that is put back in the queue would begin its log again.
    expect(options).toContain("#SBATCH --open-mode=append");
  });

  test("ends as the work does", () => {
    expect(run(name)).toMatchObject({ code: 0 });
    expect(run(name, { SRUN_CODE: "2" }).code).toBe(2);
    expect(run(name, { SRUN_CODE: "1" }).calls).toHaveLength(1);
  });
});

describe("label.sbatch", () => {
  test("makes the shards of its task, with as many tasks as there were at first", () => {
    const { calls } = run("label.sbatch");
    expect(calls).toEqual([
      "srun --ntasks=1 --cpus-per-task=4 tag2mask label --model runs/train/exp --data photos --out masks " +
        "--shard-size 500 --task 3 --tasks 16",
    ]);
  });

  test("takes names from the environment and options from its arguments", () => {
    const env = { TASKS: "64", SHARD_SIZE: "9", MODEL: "m", DATA: "my photos", OUT: "o" };
    expect(run("label.sbatch", env, ["--format", "coco"]).calls[0]).toMatch(
      / label --model m --data my photos --out o --shard-size 9 --task 3 --tasks 64 --format coco$/,
    );
  });

  test("goes back into the queue if it was told to stop", () => {
    for (const end of ["75", "143"]) {
      const { code, calls } = run("label.sbatch", { SRUN_CODE: end });
      expect([code, calls[1]]).toEqual([0, "scontrol requeue 71"]);
    }
    expect(run("label.sbatch", { SRUN_CODE: "75", SCONTROL_CODE: "1" }).code).toBe(75);
  });

  test("has as many tasks by default as its array", () => {
    const text = readFileSync(join(deploy, "label.sbatch"), "utf8");
    const last = Number(/^#SBATCH --array=0-(\d+)$/m.exec(text)?.[1]);
    expect(text).toContain(`\${TASKS:-${last + 1}}`);
  });
});

describe("train.sbatch", () => {
  test("starts a run, and continues one that is there", () => {
    const options = ["--preset", "own"];
    const start = "srun --mpi=pmix --wait=15 --cpus-per-task=4 tag2mask train --mpi";
    const env = { DATA: "photos", OUT: "run" };
    const first = `${start} --data photos --out run --preset own`;
    expect(run("train.sbatch", env, options).calls).toEqual([first]);
    mkdirSync(join(work, "run"));
    expect(run("train.sbatch", env, options).calls).toEqual([first]);
    writeFileSync(join(work, "run/config.yaml"), "");
    expect(run("train.sbatch", env, options).calls).toEqual([`${start} --resume run`]);
  });

  test("goes back into the queue if it has saved a checkpoint", () => {
    const { code, calls } = run("train.sbatch", { SRUN_CODE: "130" });
    expect([code, calls[1]]).toEqual([0, "scontrol requeue 71"]);
  });
});
