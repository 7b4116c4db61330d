import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
// and prints a digest of weights, buffers and moments for each: all must be equal.
const steps = 12;
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

const rows: string[][] = [];
function show(run: string, library: string, digest: string): void {
  rows.push([run, library, digest]);
  console.error(`${run}, ${library}: ${digest}`);
}

try {
  const one = join(folder, "one");
  show("1 process", "", alone(longTraining(data, one, steps), one));
  for (const family of families) {
    for (const ranks of [2, 4]) {
      const out = join(folder, `${family}-${ranks}`);
      const digest = await together(family, ranks, longTraining(data, out, steps), out);
      show(`${ranks} processes`, family, digest);
    }
    const out = join(folder, `${family}-changing`);
    await together(family, 4, longTraining(data, out, steps), out, 1);
    await together(family, 2, ["train", "--resume", out], out, 6);
    show("4, then 2, then 1", family, alone(["train", "--resume", out], out));
  }
  console.log(textTable([["run", "library", "digest"], ...rows], () => false));
  const equal = new Set(rows.map(([, , digest]) => digest)).size === 1;
  console.log(equal ? "all equal" : "they differ");
  process.exitCode = equal ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
