import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { families, launch, type Family } from "../test/host/node/mpi/launch.ts";
import {
  digestOf,
  longTraining,
  mainFile,
  runAlone,
  signalRank,
  writeFewScenes,
} from "../test/cli/together-runs.ts";

// Trains the same in one process and in several, also in numbers of processes that change when the run is stopped and resumed,
// and prints a digest of weights, buffers and moments for each: all must be equal. Then in two processes with a synchronized
// BatchNorm, which must have the digest of one with it. On a GPU, `--device` is to be given; where there is only WebGPU's software
// adapter (CONTRIBUTING.md), with few steps and without changes of the number.
const { values } = parseArgs({
  options: {
    device: { type: "string", default: "cpu" },
    steps: { type: "string", default: "12" },
    ranks: { type: "string", default: "2,4" },
    changing: { type: "string", default: "yes" },
    library: { type: "string", multiple: true, default: [...families] },
  },
});
const steps = Number(values.steps);
const folder = mkdtempSync(join(tmpdir(), "tag2mask-mpi-hashes-"));
const data = await writeFewScenes(join(folder, "scenes"));

function alone(args: readonly string[], out: string): string {
  const { code, output } = runAlone(args);
  if (code !== 0) throw new Error(output);
  return digestOf(out);
}

/** Trains in so many processes. @param until step after which they are told to stop; to the end without it */
async function together(
  family: Family,
  ranks: number,
  args: readonly string[],
  out: string,
  until?: number,
): Promise<string> {
  let told = false;
  const { code, output } = await launch(family, ranks, mainFile, [...args, "--mpi", "--json"], {
    onOutput(text) {
      if (until === undefined || told || !text.includes(`"type":"step","step":${until},`)) return;
      told = true;
      signalRank(out, ranks - 1, "SIGUSR1");
    },
  });
  const stopped = /stopped after step \d+/.test(output);
  if (until === undefined ? code !== 0 : !stopped) throw new Error(`${family}: ${code}: ${output}`);
  return digestOf(out);
}

/** Arguments of a training, in one process or several. */
function training(out: string, syncNorm: boolean): string[] {
  const norm = ["--set", `train.syncNorm=${syncNorm}`];
  return [...longTraining(data, out, steps), ...norm, "--device", values.device];
}

const rows: string[][] = [];
function show(run: string, library: string, digest: string): void {
  rows.push([run, library, digest]);
  console.error(`${run}, ${library}: ${digest}`);
}

/** Trains in several processes, and in numbers of them that change. */
async function showTogether(family: Family): Promise<void> {
  for (const ranks of values.ranks.split(",").map(Number)) {
    const out = join(folder, `${family}-${ranks}`);
    show(`${ranks} processes`, family, await together(family, ranks, training(out, false), out));
  }
  if (values.changing !== "yes") return;
  const out = join(folder, `${family}-changing`);
  await together(family, 4, training(out, false), out, 1);
  await together(family, 2, ["train", "--resume", out], out, 6);
  show("4, then 2, then 1", family, alone(["train", "--resume", out], out));
}

/** Whether the digests from this row on are equal. */
const areEqual = (from: number): boolean =>
  new Set(rows.slice(from).map(([, , digest]) => digest)).size === 1;

try {
  const chosen = families.filter((family) => values.library.includes(family));
  const one = join(folder, "one");
  show("1 process", "", alone(training(one, false), one));
  for (const family of chosen) await showTogether(family);
  const plain = areEqual(0);
  const first = rows.length;
  const norm = join(folder, "norm");
  show("1 process, train.syncNorm", "", alone(training(norm, true), norm));
  for (const family of chosen) {
    const out = join(folder, `${family}-norm`);
    const digest = await together(family, 2, training(out, true), out);
    show("2 processes, train.syncNorm", family, digest);
  }
  console.log(textTable([["run", "library", "digest"], ...rows], () => false));
  const equal = plain && areEqual(first);
  console.log(equal ? "all equal, with train.syncNorm and without" : "they differ");
  process.exitCode = equal ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
