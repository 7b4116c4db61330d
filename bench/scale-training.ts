import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { textTable } from "../src/files/text/columns.ts";
import { families, launch, type Family } from "../test/host/node/mpi/launch.ts";

// What it costs to share each batch between processes: seconds of processors and bytes sent for a training step, in all
// processes together. Two cores cannot show the time that four processes save; that they compute no more than one can be seen.
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "mit_small/128/8" },
    micro: { type: "string", default: "2" },
    steps: { type: "string", default: "8" },
    ranks: { type: "string", default: "1,2,4" },
    rounds: { type: "string", default: "3" },
    library: { type: "string", multiple: true, default: [...families] },
  },
});

interface Costs {
  readonly computing: number;
  readonly exchanging: number;
  readonly sent: number;
}

async function measure(family: Family, ranks: number): Promise<Costs> {
  const script = new URL("scale-training-rank.ts", import.meta.url);
  const { only, micro, steps } = values;
  const args = ["--name", only, "--micro", micro, "--steps", steps];
  const { code, output } = await launch(family, ranks, script, args, { oneCore: false });
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`${family}, ${ranks}: ${code}: ${output}`);
  return JSON.parse(line) as Costs;
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

const ranks = values.ranks.split(",").map(Number);
const measured = new Map<string, Costs[]>();
// In turn, so that a busy minute does not affect one number of processes alone.
for (let round = 0; round < Number(values.rounds); round++) {
  for (const family of families.filter((name) => values.library.includes(name))) {
    for (const count of ranks) {
      const key = `${family} ${count}`;
      measured.set(key, [...(measured.get(key) ?? []), await measure(family, count)]);
    }
  }
}
const single = new Map<string, number>();
const rows = [...measured].map(([key, costs]) => {
  const [family, count] = key.split(" ") as [string, string];
  const of = (part: keyof Costs): number => median(costs.map((one) => one[part]));
  const computing = of("computing");
  if (!single.has(family)) single.set(family, computing);
  return [
    ...[family, count, `${computing.toFixed(2)} s`, `${of("exchanging").toFixed(2)} s`],
    `${((100 * single.get(family)!) / computing).toFixed(0)} %`,
    `${(of("sent") / 1e6 / Number(count)).toFixed(1)} MB`,
  ];
});
console.log(
  `${values.only}, micro-batches of ${values.micro}, one thread for each process; medians of ${values.rounds} rounds; ` +
    `load ${loadavg()[0]!.toFixed(1)}\n`,
);
const titles = ["library", "processes", "computing", "exchanging", "efficiency", "sent by each"];
console.log(textTable([titles, ...rows]));
