import { spawn } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { isMet, parseGoal, withUnit, type Goal } from "./studio-session/goals.ts";

// All benches of the studio one after the other, each in a process of its own, and at the end a table of the goals they measured. The
// page has to be built. It takes hours: a million files are made, and the memory is watched for an hour; `--quick` takes ten thousand
// files and five minutes, `--only grid,brush` some of the benches. Fails if a bench fails; a goal that is missed is shown as that.
const benches: Readonly<Record<string, { readonly full: string[]; readonly quick: string[] }>> = {
  index: { full: [], quick: ["--images", "10000"] },
  grid: { full: [], quick: ["--images", "10000"] },
  open: { full: [], quick: ["--images", "8"] },
  brush: { full: [], quick: [] },
  responsive: { full: [], quick: ["--rounds", "10"] },
  memory: { full: ["--minutes", "60"], quick: ["--minutes", "5", "--every", "50"] },
  kills: { full: ["50"], quick: ["5"] },
  session: { full: ["--seeds", "1,2,3"], quick: [] },
};
const names = Object.keys(benches);
const { values } = parseArgs({
  options: {
    only: { type: "string", default: names.join(",") },
    quick: { type: "boolean", default: false },
  },
});
const only = values.only.split(",");
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  throw new RangeError(`--only ${unknown.join(",")}: give some of ${names.join(",")}`);
}

const rows: string[][] = [["bench", "goal", "measured", "at most", "", "load"]];
for (const name of only) {
  const script = `studio-${name}.ts`;
  console.log(`\nbench/${script}\n`);
  const start = performance.now();
  const { goals, code } = await run(script, benches[name]![values.quick ? "quick" : "full"]);
  const load = loadavg()[0]!.toFixed(1);
  for (const goal of goals) {
    const { measured, most, unit } = goal;
    const verdict = isMet(goal) ? "met" : "MISSED";
    rows.push([name, goal.name, withUnit(measured, unit), withUnit(most, unit), verdict, load]);
  }
  const minutes = withUnit((performance.now() - start) / 60_000, "min");
  rows.push([name, "all of it", minutes, "", code === 0 ? "done" : "FAILED", load]);
  if (code !== 0) process.exitCode = 1;
}
process.stdout.write(`\n${textTable(rows)}\n`);

/** Runs a bench, shows what it prints, and collects its goals. */
async function run(
  script: string,
  args: readonly string[],
): Promise<{ goals: Goal[]; code: number | null }> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit") as Promise<[number | null]>;
  const goals: Goal[] = [];
  for await (const line of createInterface(child.stdout)) {
    console.log(line);
    const goal = parseGoal(line);
    if (goal) goals.push(goal);
  }
  return { goals, code: (await ended)[0] };
}
