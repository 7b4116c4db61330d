import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { families, launch, type Family } from "../test/host/node/mpi/launch.ts";

// What it costs to add gradients in one fixed order: several processes on this machine sum the same floats with the sum of a
// training and with MPI_Allreduce, in turn. Fails if the ordered sum takes more than `--most` times as long.
const { values } = parseArgs({
  options: {
    floats: { type: "string", default: "14000000" },
    rounds: { type: "string", default: "21" },
    ranks: { type: "string", default: "2,4" },
    most: { type: "string", default: "1.3" },
  },
});

interface Round {
  readonly ordered: number;
  readonly plain: number;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

async function measure(family: Family, ranks: number): Promise<readonly Round[]> {
  const script = new URL("exchange-rank.ts", import.meta.url);
  const args = [values.floats, values.rounds];
  const { code, output } = await launch(family, ranks, script, args, { oneCore: false });
  if (code !== 0) throw new Error(`${family}, ${ranks} processes: exit code ${code}: ${output}`);
  return output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
}

const rows: string[][] = [];
let worst = 0;
for (const ranks of values.ranks.split(",").map(Number)) {
  for (const family of families) {
    const rounds = await measure(family, ranks);
    const [ordered, plain] = [rounds.map((r) => r.ordered), rounds.map((r) => r.plain)];
    const ratio = median(ordered) / median(plain);
    worst = Math.max(worst, ratio);
    const ms = (seconds: readonly number[]): string => `${(1000 * median(seconds)).toFixed(0)} ms`;
    const load = loadavg()[0]!.toFixed(1);
    rows.push([family, String(ranks), ms(ordered), ms(plain), ratio.toFixed(2), load]);
  }
}
console.log(
  `${values.floats} floats, medians of ${values.rounds} rounds, ${availableParallelism()} cores\n`,
);
const titles = ["library", "processes", "ordered", "MPI_Allreduce", "ratio", "load"];
console.log(textTable([titles, ...rows]));
if (worst > Number(values.most)) {
  console.error(`the ordered sum takes ${worst.toFixed(2)} times as long as MPI_Allreduce`);
  process.exitCode = 1;
}
