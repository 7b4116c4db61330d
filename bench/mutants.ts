import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, Option } from "commander";
import { wholeNumber, withExamples } from "../src/cli/options.ts";
import { UserError } from "../src/user-error.ts";
import { describeMachine } from "./machine.ts";
import { chooseMutations, knownMutations, type KnownMutant } from "./mutants/choose.ts";
import { hunt, measureBaselines, type Hunt } from "./mutants/hunt.ts";
import { ImportGraph } from "./mutants/import-graph.ts";
import { describeMutation, type Mutation } from "./mutants/mutation.ts";
import { continueReport, describeEnd, saveReport, summarize } from "./mutants/results.ts";
import { TestRunner } from "./mutants/test-runner.ts";
import { Workspace } from "./mutants/workspace.ts";
import { runCommand } from "./run-command.ts";

/** Folders to draw mutants from. */
const folders = [
  "src/engine/nn",
  "src/method/model",
  "src/method/images",
  "src/method/labels",
  "src/method/refine",
  "src/method/inference",
  "src/method/eval",
  "src/method/train",
  "src/files/datasets",
  "src/files/formats",
];
const mostEquivalents = 10;
/** Test files that a mutant meets in each round; one that survives the last counts as surviving. */
const rounds = [4, 12];

interface MutantsOptions {
  readonly seed: number;
  readonly count: number;
  readonly known?: boolean;
  readonly list?: boolean;
  readonly shard: readonly [number, number];
  readonly out?: string;
}

/** A mutant that no test can tell from the original. */
interface Equivalent extends Pick<Mutation, "file" | "before" | "after"> {
  /** The whole line on which `before` begins, without indentation. */
  readonly line: string;
  readonly reason: string;
}

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}

function equivalenceOf(mutation: Mutation, equivalents: readonly Equivalent[]): string | null {
  const lines = readFileSync(new URL(`../${mutation.file}`, import.meta.url), "utf8").split("\n");
  const line = lines[mutation.line - 1]!.trim();
  const { file, before, after } = mutation;
  const entry = equivalents.find(
    (e) => e.file === file && e.line === line && e.before === before && e.after === after,
  );
  return entry?.reason ?? null;
}

async function mutants(options: MutantsOptions): Promise<void> {
  const { seed, count, known = false, list = false, shard, out } = options;
  const mutations = known
    ? knownMutations(root, readJson<KnownMutant[]>("known-mutants.json"))
    : chooseMutations(root, folders, { seed, count });
  if (list) {
    for (const mutation of mutations) process.stdout.write(`${describeMutation(mutation)}\n`);
    return;
  }
  const report = continueReport(out, mutations, describeMachine(new Date().toISOString()));
  const equivalents = readJson<Equivalent[]>("equivalent-mutants.json");
  for (const mutant of report.mutants) mutant.equivalent = equivalenceOf(mutant, equivalents);
  const excused = report.mutants.filter(({ equivalent }) => equivalent !== null).length;
  if (excused > mostEquivalents)
    throw new UserError(`equivalent-mutants.json: ${excused} mutants; at most ${mostEquivalents}`);

  const workspace = await Workspace.create(root);
  const runner = new TestRunner(workspace.root);
  const tests = readdirSync(`${root}/test`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `test/${name.replaceAll("\\", "/")}`)
    .sort();
  const all: Hunt = {
    workspace,
    runner,
    graph: new ImportGraph(workspace.root),
    report,
    tests,
    log: (line) => void process.stderr.write(`${line}\n`),
    save: () => saveReport(out, report),
  };
  try {
    await measureBaselines(all);
    await huntAll(all, shard);
  } finally {
    runner.stop();
  }
  for (const mutant of report.mutants)
    process.stdout.write(`${describeMutation(mutant)}\n    ${describeEnd(mutant)}\n`);
  process.stdout.write(`${summarize(report.mutants)}\n`);
}

/** The nearest tests of every mutant first, since they kill most; then those farther away for what survives. */
async function huntAll(all: Hunt, [part, parts]: readonly [number, number]): Promise<void> {
  const { report, log, save } = all;
  for (const most of rounds) {
    const open = [...report.mutants.entries()].filter(
      ([index, { killedBy, equivalent }]) =>
        index % parts === part - 1 && killedBy === null && equivalent === null,
    );
    const begin = performance.now();
    for (const [i, [index, mutant]] of open.entries()) {
      await hunt(all, index, { most, isLast: most === rounds.at(-1) });
      await save();
      const left = (((performance.now() - begin) / (i + 1)) * (open.length - i - 1)) / 60_000;
      log(`${i + 1}/${open.length} ${describeMutation(mutant)}\n    ${describeEnd(mutant)}`);
      log(`    about ${left.toFixed(0)} min left of this round`);
    }
  }
}

function shardOf(text: string): [number, number] {
  const [, part, parts] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (part === undefined || parts === undefined || part < 1 || part > parts)
    throw new UserError(`--shard: expected I/N with I from 1 to N, found "${text}"`);
  return [part, parts];
}

const command = new Command("mutants")
  .description(
    "Changes the sources in many small ways, one at a time, and counts how many the tests notice.",
  )
  .option("--seed <n>", "which mutants are drawn", wholeNumber(0), 1)
  .option("--count <n>", "how many mutants are drawn", wholeNumber(1), 100)
  .option("--known", "run the edits of bench/known-mutants.json instead")
  .option("--list", "list the mutants and run nothing")
  .addOption(
    new Option("--shard <i/n>", "run only every n-th mutant")
      .argParser(shardOf)
      .default([1, 1], "1/1"),
  )
  .option("--out <file>", "write a JSON report; an earlier one of the same mutants is continued")
  .action(mutants);
withExamples(command, "npx tsx bench/mutants.ts --out mutants.json");

await runCommand(command);
