import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// All figures of docs/scale.md that show how costs grow, one after the other: the plan of a job, the merge of its shards, and a training
// step that several processes share. `--only plan,merge` leaves the others out; each script has options of its own.
const scripts = ["plan", "merge", "training"];
const { values } = parseArgs({ options: { only: { type: "string", default: scripts.join(",") } } });
const only = values.only.split(",");
const unknown = only.filter((name) => !scripts.includes(name));
if (unknown.length > 0)
  throw new RangeError(`--only ${unknown.join(",")}: give some of ${scripts.join(",")}`);

for (const name of only) {
  const file = fileURLToPath(new URL(`scale-${name}.ts`, import.meta.url));
  console.log(`\nbench/scale-${name}.ts\n`);
  // Memory can be measured only after what is not needed has been collected.
  const args = ["--expose-gc", "--import", "tsx", file];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
