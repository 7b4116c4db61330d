import { parseArgs } from "node:util";
import type { Exchange } from "../src/host/exchange.ts";
import { connectMpi } from "../src/host/node/mpi/connect.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import type { Batch } from "../src/method/data/sample.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { Stepper } from "../src/method/train/step.ts";
import { configurations, randomBatch, recipe } from "./configurations.ts";
import { now } from "./job.ts";

// One process of bench/scale-training.ts: makes training steps on its crops of a batch of noise, in one thread, and prints
// what they cost in all processes.
const { values } = parseArgs({
  options: { name: { type: "string" }, micro: { type: "string" }, steps: { type: "string" } },
});

/** What the processes of a training have spent, all together. */
interface Spent {
  /** Seconds of processors, without and within the exchange: libraries of MPI wait by asking again and again. */
  computing: number;
  exchanging: number;
  /** Bytes that left a process. */
  sent: number;
}

const processors = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** An exchange that counts what it costs. */
function counted(exchange: Exchange, spent: Spent): Exchange {
  const { rank, size } = exchange;
  const measure = async <T>(bytes: number, work: () => Promise<T>): Promise<T> => {
    const start = processors();
    const result = await work();
    spent.exchanging += processors() - start;
    spent.sent += bytes;
    return result;
  };
  return {
    ...{ rank, size },
    // Slices go to their owners, and sums back to all.
    sum: (floats) =>
      measure((2 * floats.byteLength * (size - 1)) / size, () => exchange.sum(floats)),
    gather: (own) => measure(own.byteLength * (size - 1), () => exchange.gather(own)),
    max: (value) => measure(8 * (size - 1), () => exchange.max(value)),
    broadcast: (bytes) => measure(bytes.length, () => exchange.broadcast(bytes)),
    barrier: () => measure(0, () => exchange.barrier()),
  };
}

/** The crops of this process. */
function shareOf(batch: Batch, { rank, size }: Exchange): Batch {
  const own = batch.size / size;
  const cut = <T extends { slice(from: number, to: number): T; readonly length: number }>(
    all: T,
  ): T => all.slice((all.length / size) * rank, (all.length / size) * (rank + 1));
  return {
    ...{ size: own, crop: batch.crop, names: batch.names.slice(rank * own, (rank + 1) * own) },
    ...{ images: cut(batch.images), tags: cut(batch.tags), boxes: cut(batch.boxes) },
  };
}

const { exchange, close } = await connectMpi();
const configuration = configurations.find(({ name }) => name === values.name)!;
const base = recipe(configuration);
const config = { ...base, train: { ...base.train, microBatch: Number(values.micro) } };
const classes = Array.from({ length: configuration.classes }, (_, i) => `class ${i}`);
const network = networkOf(config, classes);
const state = new NetworkState(network, config.train);
state.load(network.initialize(1));
const spent: Spent = { computing: 0, exchanging: 0, sent: 0 };
const runtime = nodeRuntime({ threads: 1 });
const together = counted(exchange, spent);
const stepper = new Stepper(runtime, network, state, config, now, undefined, together);
const batch = shareOf(randomBatch(configuration, 1), exchange);
// The first steps compile and allocate.
for (let step = 1; step <= 2; step++) await stepper.run(step, batch);
await exchange.barrier();
Object.assign(spent, { computing: 0, exchanging: 0, sent: 0 });
const [start, steps] = [processors(), Number(values.steps)];
for (let step = 3; step < 3 + steps; step++) await stepper.run(step, batch);
spent.computing = processors() - start - spent.exchanging;
const all = await exchange.gather(
  Float64Array.of(spent.computing, spent.exchanging, spent.sent).map((sum) => sum / steps),
);
if (exchange.rank === 0) {
  const [computing, exchanging, sent] = [0, 1, 2].map((i) =>
    all.reduce((sum, own) => sum + own[i]!, 0),
  );
  console.log(JSON.stringify({ computing, exchanging, sent }));
}
await stepper.release();
await close();
