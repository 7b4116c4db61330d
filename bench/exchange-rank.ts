import koffi from "koffi";
import { fixed, openMpi } from "../src/host/node/mpi/library.ts";
import { connectMpi } from "../src/host/node/mpi/connect.ts";
import type { MpiFamily } from "../src/host/node/mpi/abi.ts";

// One process of bench/exchange.ts: sums the same floats in the order of the ranks and with MPI_Allreduce, in turn, and prints
// the seconds of both for every round. A round takes as long as its slowest process.
const [length, rounds] = process.argv.slice(2).map(Number) as [number, number];

/** MPI_SUM and MPI_IN_PLACE, which only this comparison needs. */
function reduction(name: string, family: MpiFamily): { sum: bigint; inPlace: bigint } {
  if (family === "MPICH") return { sum: 0x58000003n, inPlace: -1n };
  return { sum: koffi.load(name).symbol("ompi_mpi_op_sum") as bigint, inPlace: 1n };
}

const { exchange, close } = await connectMpi();
const { name, family, handles, address } = await openMpi(process.env);
const { sum, inPlace } = reduction(name, family);
const types = ["intptr_t", "intptr_t", "int", "intptr_t", "intptr_t", "intptr_t"];
const allreduce = koffi.load(name).func("MPI_Allreduce", "int", types);
const values = new Float32Array(fixed(4 * length), 0, length);

const plain = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const { float, world } = handles;
    const call = [inPlace, address(values), length, float, sum, world] as const;
    allreduce.async(...call, (error: Error | null, code: number) =>
      error || code !== 0 ? reject(error ?? new Error(`MPI_Allreduce: ${code}`)) : resolve(),
    );
  });
const ordered = (): Promise<void> => exchange.sum(values);

async function secondsOf(work: () => Promise<void>): Promise<number> {
  values.fill(1);
  await exchange.barrier();
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1000;
  for (const value of values) {
    if (value !== exchange.size) throw new Error(`a sum is ${value}, not ${exchange.size}`);
  }
  return exchange.max(seconds);
}

for (let round = -1; round < rounds; round++) {
  const forward = round % 2 === 0;
  const first = await secondsOf(forward ? ordered : plain);
  const second = await secondsOf(forward ? plain : ordered);
  const line = forward ? { ordered: first, plain: second } : { ordered: second, plain: first };
  // The first round allocates.
  if (round >= 0 && exchange.rank === 0) console.log(JSON.stringify(line));
}
await close();
