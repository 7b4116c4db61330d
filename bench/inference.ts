import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { wholeNumber, withExamples } from "../src/cli/options.ts";
import { UserError } from "../src/user-error.ts";
import { describeMachine } from "./machine.ts";
import { runCommand } from "./run-command.ts";
import * as measure from "./measure-inference.ts";
import { builtCommand, measureStartUp } from "./measure-startup.ts";
import { summarize } from "./summary.ts";

const parts = ["help", "first-mask", "throughput", "memory"] as const;
type Part = (typeof parts)[number];

interface InferenceOptions {
  readonly only?: readonly Part[];
  readonly images: number;
  readonly many: number;
  readonly json?: string;
}

/** A figure, and what it should be: at most the limit, or at least where that is said. */
interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: "s" | "images/s" | "×" | "MB";
  readonly goal?: number;
}

async function throughput(command: string, folder: string, images: number): Promise<Figure[]> {
  const model = await measure.randomModel(folder, "mit_b1");
  const photos = await measure.photographFolder(join(folder, "photos"), images, 20);
  const cores = availableParallelism();
  const bare = { single: [] as number[], lanes: [] as number[] };
  const runBare = async (): Promise<void> => {
    const runs = { runs: 8, cores };
    const { single, lanes } = await measure.bareSessions(model, join(photos, "photo-0.jpg"), runs);
    bare.single.push(...single);
    bare.lanes.push(...lanes);
  };
  // Before and after, so that a change of the machine's speed shows in both.
  await runBare();
  const cpu = ["--device", "cpu"];
  const full = await measure.segmentFolder(command, model, photos, { args: cpu });
  await runBare();
  const masks = ["--no-overlays", "--no-sheet"];
  const plain = await measure.segmentFolder(command, model, photos, { args: [...cpu, ...masks] });
  await runBare();
  const single = 1 / summarize(bare.single).median;
  const steady = (run: { seconds: number; firstMask: number }): number =>
    (images - 1) / (run.seconds - run.firstMask);
  return [
    { name: "bare session on all cores", value: single, unit: "images/s" },
    {
      name: "bare sessions, one a core",
      value: 1 / summarize(bare.lanes).median,
      unit: "images/s",
    },
    { name: "segment, masks", value: images / plain.seconds, unit: "images/s" },
    {
      name: "segment, masks, overlays, sheet",
      value: images / full.seconds,
      unit: "images/s",
    },
    { name: "segment, masks / bare", value: images / plain.seconds / single, unit: "×", goal: 0.9 },
    { name: "segment, all / bare", value: images / full.seconds / single, unit: "×" },
    { name: "the same after the first mask", value: steady(full) / single, unit: "×" },
  ];
}

async function firstMask(command: string, folder: string): Promise<Figure[]> {
  const model = await measure.randomModel(folder, "mit_b1");
  const one = await measure.photographFolder(join(folder, "one"), 1, 1);
  const some = await measure.photographFolder(join(folder, "some"), 8, 8);
  const seconds = { one: [] as number[], some: [] as number[] };
  for (let i = 0; i < 5; i++) {
    seconds.one.push((await measure.segmentFolder(command, model, one)).firstMask);
    seconds.some.push((await measure.segmentFolder(command, model, some)).firstMask);
  }
  const goal = { unit: "s", goal: 1.5 } as const;
  return [
    { name: "first mask of one photograph", value: summarize(seconds.one).median, ...goal },
    { name: "first mask of many", value: summarize(seconds.some).median, ...goal },
  ];
}

async function memory(command: string, folder: string, images: number): Promise<Figure[]> {
  const model = await measure.randomModel(folder, "mit_b0");
  const photos = await measure.photographFolder(join(folder, "sources"), 8, 8);
  const mixed = await measure.mixedFolder(join(folder, "mixed"), photos, images);
  const memoryAt = [0.125, 0.25, 0.5, 0.75, 1].map((share) => Math.floor(share * images));
  const args = ["--device", "cpu", "--long-side", "96"];
  const { rss } = await measure.segmentFolder(command, model, mixed, { args, memoryAt });
  const at = (i: number): number => rss.get(memoryAt[i]!)! / 1e6;
  return [
    ...memoryAt.map((count, i) => ({
      ...{ name: `memory after ${count} images`, value: at(i), unit: "MB" as const },
    })),
    { name: "memory, last / at a quarter", value: at(4) / at(1), unit: "×" },
  ];
}

function help(command: string): Figure[] {
  const { parts: starts } = measureStartUp(command);
  return starts.map(({ name, seconds }) => ({
    name,
    value: summarize(seconds).median,
    unit: "s" as const,
    ...(name.endsWith("--help") && { goal: 0.25 }),
  }));
}

function line({ name, value, unit, goal }: Figure): string {
  const goals = goal === undefined ? "" : `  (goal ${unit === "×" ? "≥" : "≤"} ${goal})`;
  return `  ${name.padEnd(36)}${value.toFixed(unit === "MB" ? 0 : 3).padStart(8)} ${unit}${goals}`;
}

async function bench({ only, images, many, json }: InferenceOptions): Promise<void> {
  const command = builtCommand();
  if (command === null) throw new UserError("bench: there is no dist/; npm run build makes it");
  const machine = describeMachine(new Date().toISOString());
  const wanted = parts.filter((part) => !only || only.includes(part));
  const figures: Figure[] = [];
  for (const part of wanted) {
    process.stderr.write(`${part}\n`);
    const folder = await mkdtemp(join(tmpdir(), "tag2mask-bench-"));
    try {
      if (part === "help") figures.push(...help(command));
      if (part === "first-mask") figures.push(...(await firstMask(command, folder)));
      if (part === "throughput") figures.push(...(await throughput(command, folder, images)));
      if (part === "memory") figures.push(...(await memory(command, folder, many)));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const { cpu, cores, system, node, onnxruntime, date, load } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${system}, Node.js ${node}, ONNX Runtime ${onnxruntime}`,
    `${date}, load before ${load.toFixed(1)}`,
    ...figures.map(line),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (json) await writeFileAtomic(json, `${JSON.stringify({ machine, figures }, null, 2)}\n`);
}

const command = new Command("bench/inference.ts")
  .description(
    "Measures the built command on this machine: its start, the first mask, throughput, memory.",
  )
  .addOption(new Option("--only <part...>", "some of the parts").choices(parts))
  .option("--images <n>", "photographs for the throughput", wholeNumber(2), 200)
  .option("--many <n>", "images for the memory", wholeNumber(8), 2000)
  .option("--json <file>", "also write the figures to a file")
  .action(bench);
withExamples(command, "npm run build && npx tsx bench/inference.ts --json inference.json");

await runCommand(command);
