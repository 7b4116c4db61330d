import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Check } from "./check.ts";
import { ended, processWith, run, submit, succeed, until, type Submission } from "./jobs.ts";

/** All phases, in micro-batches of two crops, with everything random. */
const settings = [
  ...["--set", "model.backbone=mit_tiny", "--set", "model.decoderWidth=16"],
  ...["--set", "model.dropPath=0.1", "--set", "model.dropout=0.1"],
  ...["--set", "data.crop=64", "--set", "data.workers=0", "--set", "pseudo.radius=1"],
  ...["--set", "train.camSteps=4", "--set", "train.affinitySteps=8", "--set", "train.microBatch=2"],
  ...["--set", "train.validateEvery=0", "--set", "eval.longSide=64", "--set", "eval.minSide=0"],
  ...["--steps", "10", "--batch", "8", "--device", "cpu"],
];

/** `train.sbatch` over two nodes, against one process. */
export function trainingChecks({ work, data, deploy, model: one }: Bench): readonly Check[] {
  const job = (out: string, mpi = "pmix"): Submission => ({
    script: join(deploy, "train.sbatch"),
    options: ["--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=1"],
    args: settings,
    env: { DATA: data, OUT: join(work, out), MPI: mpi },
    cwd: work,
  });
  const log = (number: string): string => join(work, `train-${number}.log`);
  const steps = (out: string): number => {
    const path = join(work, out, "log.jsonl");
    return existsSync(path) ? readFileSync(path, "utf8").split('"type":"step"').length - 1 : 0;
  };
  const compare = (out: string): string => {
    const [expected, found] = [one, join(work, out)].map(weightsOf) as [string, string];
    if (found !== expected) throw new Error(`weights ${found}, not ${expected}`);
    return `weights ${found}`;
  };

  return [
    {
      name: "one process trains",
      async run() {
        await run("tag2mask", ["train", "--data", data, "--out", one, ...settings]);
        return `weights ${weightsOf(one)}`;
      },
    },
    {
      name: "srun --mpi=pmix and --mpi=pmi2 start programs (Debian's pmix needs libpmix-dev)",
      async run() {
        for (const mpi of ["pmix", "pmi2"]) await run("srun", [`--mpi=${mpi}`, "-N2", "true"]);
        return "both";
      },
    },
    {
      name: "srun --mpi=pmix on two nodes (Open MPI): the weights of one process",
      async run() {
        await succeed(job("pmix"), log);
        return compare("pmix");
      },
    },
    {
      name: "srun --mpi=pmi2 on two nodes (MPICH): the weights of one process",
      async run() {
        await succeed(job("pmi2", "pmi2"), log);
        return compare("pmi2");
      },
    },
    {
      name: "told to stop (SIGUSR1): a checkpoint, back in the queue, resumed, the weights of one process",
      async run() {
        const number = await submit(job("stopped"));
        await until("a step of the training", () => steps("stopped") > 2);
        await run("scancel", ["--signal=USR1", number]);
        const [state] = await ended(number);
        const text = readFileSync(log(number), "utf8");
        const stop = /stopped after step (\d+)/.exec(text)?.[1];
        if (state?.state !== "COMPLETED" || state.restarts !== 1 || stop === undefined) {
          throw new Error(`${JSON.stringify(state)}: ${text.slice(-2000)}`);
        }
        return `after step ${stop}, ${state.restarts} restart, ${compare("stopped")}`;
      },
    },
    {
      name: "a process is killed: all end, the job is submitted again, the weights of one process",
      async run() {
        const number = await submit(job("killed"));
        await until("a step of the training", () => steps("killed") > 2);
        process.kill(processWith("--mpi", "SLURM_PROCID=1"), "SIGKILL");
        const [state] = await ended(number);
        if (state?.state !== "FAILED") throw new Error(JSON.stringify(state));
        await succeed(job("killed"), log);
        return `${state.state}, exit code ${state.exitCode}, then ${compare("killed")}`;
      },
    },
  ];
}

function weightsOf(run: string): string {
  const bytes = readFileSync(join(run, "weights", "last.safetensors"));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}
