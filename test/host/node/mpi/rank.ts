import { writeFileSync } from "node:fs";
import { connectMpi } from "../../../../src/host/node/mpi/connect.ts";

/** One process of the tests: works with the others, or fails in a way of its own, as the last rank. */
const [task, folder] = process.argv.slice(2) as [string, string];
const { exchange, close } = await connectMpi();
const { rank, size } = exchange;

/** Sums whose bits depend on the order, at the ends of arrays that may be so large that they are sent in several blocks. */
async function sums(length: number): Promise<number[]> {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) if (i < 5 || i >= length - 5) values[i] = addend(rank, i);
  await exchange.sum(values);
  return [...values.subarray(0, 5), ...values.subarray(-5)];
}

function addend(from: number, i: number): number {
  return Math.fround(Math.sin(1 + from * 1000 + i) * 10 ** (from % 5));
}

async function work(): Promise<void> {
  const text = rank === 0 ? "the bytes of rank 0" : "others";
  const results = {
    rank,
    size,
    small: await sums(3),
    large: await sums(2 ** 24 + 7),
    gathered: (await exchange.gather(Float64Array.of(rank, ...Array<number>(rank).fill(0.1)))).map(
      (values) => [...values],
    ),
    max: await exchange.max(-rank),
    text: Buffer.from(await exchange.broadcast(Buffer.from(text))).toString(),
    empty: (await exchange.broadcast(new Uint8Array(0))).length,
  };
  await exchange.barrier();
  writeFileSync(`${folder}/${rank}.json`, JSON.stringify(results));
}

const failures: Record<string, () => void> = {
  throw: () => {
    throw new Error("one rank throws");
  },
  exit: () => process.exit(7),
  leave: () => process.exit(0),
  kill: () => process.kill(process.pid, "SIGKILL"),
  stop: () => process.kill(process.pid, "SIGSTOP"),
};

if (task === "work") {
  await work();
  await close();
} else {
  await exchange.barrier();
  if (rank === size - 1) failures[task]!();
  await exchange.barrier();
  await exchange.barrier();
  writeFileSync(`${folder}/${rank}.json`, "went on");
  await close();
}
