import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { withExamples } from "../src/cli/options.ts";
import { UserError } from "../src/user-error.ts";
import { curves, tables, type Task } from "./growth/curves.ts";
import { renderGrowth, type MeasuredCurve } from "./growth/document.ts";
import type { Measured } from "./growth/measure.ts";
import { describeMachine } from "./machine.ts";
import { measureApart } from "./measure-apart.ts";
import { runCommand } from "./run-command.ts";

interface GrowthOptions {
  readonly only?: readonly string[];
  readonly render?: boolean;
  readonly out: string;
}

const script = new URL("./growth/measure-process.ts", import.meta.url);

/** Smallest unit to measure and store: a curve, or one row of a table. */
interface Part {
  readonly name: string;
  /** Name of the table that a row belongs to. */
  readonly group?: string;
  readonly tasks: readonly Task[];
}

const parts: readonly Part[] = [
  ...curves.map(({ name, points }) => ({ name, tasks: points.map(({ task }) => task) })),
  ...tables.flatMap(({ name: group, rows }) =>
    rows.map(({ name, task }) => ({ name, group, tasks: [task] })),
  ),
];

async function measurePart({ name, tasks }: Part): Promise<MeasuredCurve> {
  const date = new Date().toISOString();
  const { cpu, cores, memory, system, node, onnxruntime } = describeMachine(date);
  const points: Measured[] = [];
  for (const [i, task] of tasks.entries()) {
    process.stderr.write(`${name}: ${i + 1} of ${tasks.length}\n`);
    points.push(
      await measureApart<Measured>(script, [JSON.stringify(task)], `${name}: a measurement`),
    );
  }
  const size = `${(memory / 2 ** 30).toFixed(1)} GiB`;
  const machine = `${cpu}, ${cores} cores, ${size}, ${system}, Node.js ${node}, ONNX Runtime ${onnxruntime}`;
  return { name, machine, date, points };
}

async function growth({ only, render = false, out }: GrowthOptions): Promise<void> {
  const folder = join(out, "performance");
  const figures = join(folder, "figures.json");
  await mkdir(folder, { recursive: true });
  let known: MeasuredCurve[] = existsSync(figures)
    ? (JSON.parse(await readFile(figures, "utf8")) as MeasuredCurve[])
    : [];
  if (render && known.length === 0)
    throw new UserError(`${figures}: there are no figures to render; measure without --render`);
  const isChosen = ({ name, group = name }: Part): boolean =>
    !only || only.includes(name) || only.includes(group);
  for (const part of render ? [] : parts.filter(isChosen)) {
    const measured = await measurePart(part);
    known = [...known.filter(({ name }) => name !== part.name), measured];
    // After every part: what was measured is not lost when the next one fails.
    await writeFileAtomic(figures, `${JSON.stringify(known, null, 2)}\n`);
  }
  const { markdown, plots } = renderGrowth(known);
  for (const [name, svg] of Object.entries(plots)) await writeFileAtomic(join(folder, name), svg);
  await writeFileAtomic(join(out, "performance.md"), markdown);
  process.stdout.write(`${join(out, "performance.md")}\n`);
}

const names = [...new Set(parts.flatMap(({ name, group = name }) => [group, name]))];
const command = new Command("bench/growth.ts")
  .description("Measures how time and memory grow, and writes docs/performance.md with its plots.")
  .addOption(
    new Option("--only <part...>", "some of the curves, tables, or rows of tables").choices(names),
  )
  .option("--render", "measure nothing, write the page from the figures that are there")
  .option("--out <folder>", "where performance.md and the folder performance go", "docs")
  .action(growth);
withExamples(
  command,
  "npx tsx bench/growth.ts",
  "npx tsx bench/growth.ts --only crop batch --out /tmp/docs",
  "npx tsx bench/growth.ts --only listing opening",
);

await runCommand(command);
