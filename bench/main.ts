import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { wholeNumber, withExamples } from "../src/cli/options.ts";
import { combine } from "./combine.ts";
import { configurations, loadedConfigurations } from "./configurations.ts";
import type { Job, JobResult, Workspace } from "./job.ts";
import { describeMachine } from "./machine.ts";
import { measureApart } from "./measure-apart.ts";
import { runCommand } from "./run-command.ts";
import { builtCommand } from "./measure-startup.ts";
import { writePhotographs } from "./photographs.ts";
import { asMarkdown, asText } from "./tables.ts";

interface BenchOptions {
  readonly only?: readonly string[];
  readonly runs: number;
  readonly rounds: number;
  readonly threads: number;
  readonly json?: string;
  readonly markdown?: boolean;
}

const kinds = ["sgemm", "loading", "start-up"] as const;
/** More names than a process reads, so that none repeats. */
const photographs = { different: 16, count: 400, seed: 1 };

/** Measurements of each round, in order. The peak is always measured: other rates are shares of it. */
function jobsOf({ only, runs, threads }: BenchOptions): Job[] {
  const wanted = (name: string): boolean => !only || only.includes(name);
  const steps = configurations.filter(({ name }) => wanted(name));
  const jobs: Job[] = [...new Set([1, threads])].map((count) => ({
    kind: "sgemm",
    threads: count,
  }));
  jobs.push(...steps.map(({ name }) => ({ kind: "step", name, runs, threads }) as const));
  if (wanted("loading"))
    jobs.push(...loadedConfigurations.map(({ name }) => ({ kind: "loading", name }) as const));
  if (wanted("start-up")) {
    if (builtCommand() !== null) jobs.push({ kind: "start-up" });
    else process.stderr.write("start-up is left out: there is no dist/; npm run build makes it\n");
  }
  return jobs;
}

function titleOf(job: Job): string {
  switch (job.kind) {
    case "sgemm":
      return `matrix products, threads ${job.threads}`;
    case "step":
      return job.name;
    case "loading":
      return `loading for ${job.name}`;
    case "start-up":
      return job.kind;
  }
}

const script = new URL("./measure-process.ts", import.meta.url);

async function bench(options: BenchOptions): Promise<void> {
  const { rounds, threads, json, markdown = false } = options;
  const machine = describeMachine(new Date().toISOString());
  const jobs = jobsOf(options);
  const measured = jobs.map((): JobResult[] => []);
  const folder = await mkdtemp(join(tmpdir(), "tag2mask-bench-"));
  try {
    const images = await writePhotographs(join(folder, "photographs"), photographs);
    const workspace = join(folder, "workspace.json");
    const content: Workspace = { folder, photographs: images };
    await writeFileAtomic(workspace, JSON.stringify(content), { durable: false });
    // Round after round, so that a busy minute of the machine does not hit one part alone.
    for (let round = 0; round < rounds; round++) {
      for (const [i, job] of jobs.entries()) {
        process.stderr.write(`round ${round + 1} of ${rounds}: ${titleOf(job)}\n`);
        measured[i]!.push(
          await measureApart<JobResult>(
            script,
            [JSON.stringify(job), workspace],
            `measuring ${titleOf(job)}`,
          ),
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const results = jobs.map((job, i) => ({
    threads: "threads" in job ? job.threads : threads,
    isPeak: job.kind === "sgemm",
    rounds: measured[i]!,
  }));
  const report = combine(machine, threads, results);
  process.stdout.write(`${markdown ? asMarkdown(report) : asText(report)}\n`);
  if (json) await writeFileAtomic(json, `${JSON.stringify(report, null, 2)}\n`);
}

const names = [...configurations.map(({ name }) => name), ...kinds];
const command = new Command("bench")
  .description(
    "Measures on this machine what training takes: time, memory, share of what it can do.",
  )
  .addOption(
    new Option("--only <name...>", "configurations (backbone/crop/batch) or other parts").choices(
      names,
    ),
  )
  .option("--runs <n>", "measured steps in each process", wholeNumber(1), 5)
  .option("--rounds <n>", "processes for each measurement", wholeNumber(1), 3)
  .option("--threads <n>", "threads of ONNX Runtime", wholeNumber(1), availableParallelism())
  .option("--markdown", "print Markdown tables")
  .option("--json <file>", "also write the figures to a file, for bench/compare.ts")
  .action(bench);
withExamples(command, "npm run bench", "npm run bench -- --only mit_b1/320/2 --json bench.json");

await runCommand(command);
