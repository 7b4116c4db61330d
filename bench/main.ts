import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../src/node/atomic-file.ts";
import { explainFailure } from "../src/node/cli/failure.ts";
import { wholeNumber, withExamples } from "../src/node/cli/options.ts";
import { UserError } from "../src/user-error.ts";
import { configurations, type Configuration } from "./configurations.ts";
import { describeMachine } from "./machine.ts";
import type { Measurement, MeasureOptions } from "./measure.ts";
import { combine, format } from "./report.ts";

interface BenchOptions extends MeasureOptions {
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly json?: string;
}

/** Measures in a process of its own. */
async function measureApart(
  { name }: Configuration,
  { runs, threads }: MeasureOptions,
): Promise<Measurement> {
  const path = fileURLToPath(new URL("./measure-process.ts", import.meta.url));
  const child = fork(path, [name, String(runs), String(threads)]);
  return await new Promise((resolve, reject) => {
    let measured: Measurement | null = null;
    child.on("message", (message) => (measured = message as Measurement));
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (measured && code === 0) resolve(measured);
      else {
        const end = signal ? `was ended by ${signal}` : `ended with code ${code}`;
        reject(new UserError(`bench: measuring ${name} ${end}; its own message is above`));
      }
    });
  });
}

async function bench({ only, rounds, json, ...options }: BenchOptions): Promise<void> {
  const machine = describeMachine(new Date().toISOString());
  const chosen = configurations.filter(({ name }) => !only || only.includes(name));
  const measured = chosen.map((): Measurement[] => []);
  // Round after round, so that a busy minute of the machine does not hit one configuration alone.
  for (let round = 0; round < rounds; round++) {
    for (const [i, configuration] of chosen.entries()) {
      process.stderr.write(`${configuration.name}, round ${round + 1} of ${rounds}\n`);
      measured[i]!.push(await measureApart(configuration, options));
    }
  }
  const results = chosen.map((c, i) => combine(c, options.threads, measured[i]!));
  process.stdout.write(`${format({ machine, results })}\n`);
  if (json) await writeFileAtomic(json, `${JSON.stringify({ machine, results }, null, 2)}\n`);
}

const names = configurations.map(({ name }) => name);
const command = new Command("bench")
  .description("Measures the speed and memory of a training step on this machine.")
  .addOption(new Option("--only <name...>", "configurations, backbone/crop/batch").choices(names))
  .option("--runs <n>", "measured steps in each process", wholeNumber(1), 5)
  .option("--rounds <n>", "processes for each configuration", wholeNumber(1), 3)
  .option("--threads <n>", "threads of ONNX Runtime", wholeNumber(1), availableParallelism())
  .option("--json <file>", "also write the figures to a file")
  .action(bench)
  .exitOverride();
withExamples(command, "npm run bench", "npm run bench -- --only mit_b1/320/2 --json bench.json");

try {
  await command.parseAsync();
} catch (error) {
  const { text, code } = explainFailure(error, { command: "bench", debug: false });
  if (text) process.stderr.write(`${text}\n`);
  process.exitCode = code;
}
