import { parseArgs } from "node:util";
import {
  type Feeds,
  hasMemory,
  isOnDevice,
  type NdArray,
  type Runtime,
} from "../src/engine/graph/index.ts";
import { textTable } from "../src/files/text/columns.ts";
import type { Exchange } from "../src/host/exchange.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import { parseConfig } from "../src/method/config.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { ratesAt } from "../src/method/train/parameter-groups.ts";
import { Stepper } from "../src/method/train/step.ts";
import { randomBatch } from "./configurations.ts";
import { now } from "./job.ts";

// What a training step of one of two processes moves between the host and a GPU, in multiples of the bytes of all weights: with
// weights that stay on the device and gradients that leave it once (StagedLearner, on WebGPU), and with weights that are fed to every
// pass (HostLearner, on CUDA, whose memory ONNX Runtime for Node does not hand out). Both are counted on WebGPU, whose software
// adapter will do: bytes do not depend on the device. Then the time of AdamW on the host, which is the other price.
const { values } = parseArgs({
  options: {
    device: { type: "string", default: "webgpu" },
    parts: { type: "string", default: "1,4" },
    backbone: { type: "string", default: "mit_tiny" },
    crop: { type: "string", default: "64" },
  },
});
const crop = Number(values.crop);
const classes = ["a", "b", "c", "d"];

interface Moved {
  to: number;
  from: number;
}

const bytesOf = (arrays: readonly NdArray[]): number =>
  arrays.reduce((sum, { data }) => sum + data.byteLength, 0);

const hostArrays = (feeds: Feeds): NdArray[] =>
  Object.values(feeds).filter((value): value is NdArray => !isOnDevice(value));

/** A runtime that counts what its sessions take from the host and bring back. */
function counted(runtime: Runtime, moved: Moved, resident: boolean): Runtime {
  return {
    device: runtime.device,
    async createSession(model, options) {
      const session = await runtime.createSession(model, options);
      return {
        inputNames: session.inputNames,
        async run(feeds, fetches) {
          const used = session.inputNames.map((name) => feeds[name]!);
          moved.to += bytesOf(used.filter((value): value is NdArray => !isOnDevice(value)));
          const results = await session.run(feeds, fetches);
          moved.from += bytesOf(Object.values(results));
          return results;
        },
        release: () => session.release(),
      };
    },
    ...(resident &&
      hasMemory(runtime) && {
        async createDeviceSession(model: Uint8Array, kept: readonly string[]) {
          const session = await runtime.createDeviceSession(model, kept);
          return {
            async run(feeds: Feeds) {
              moved.to += bytesOf(hostArrays(feeds));
              const results = await session.run(feeds);
              moved.from += bytesOf(Object.values(results.host));
              return results;
            },
            release: () => session.release(),
          };
        },
      }),
  };
}

/** The first of two processes, the other of which has the same crops. */
const twice: Exchange = {
  ...{ rank: 0, size: 2 },
  sum: async (floats) => void floats.forEach((value, i) => (floats[i] = 2 * value)),
  gather: async (own) => [own, own],
  max: async (value) => value,
  broadcast: async (bytes) => bytes,
  barrier: async () => {},
};

async function measure(parts: number, resident: boolean): Promise<string[]> {
  const config = parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": values.backbone, "data.crop": crop, "data.batch": 2 * parts },
      ...{ "train.microBatch": 1, "train.camSteps": 0, "pseudo.scales": [1] },
      ...{ "pseudo.radius": 1 },
    },
  });
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(1));
  const moved: Moved = { to: 0, from: 0 };
  const runtime = counted(nodeRuntime({ device: values.device }), moved, resident);
  const stepper = new Stepper(runtime, network, state, config, now, undefined, twice);
  const batch = randomBatch({ batch: parts, crop, classes: classes.length }, 1);
  // The first step puts the weights on the device.
  await stepper.run(1, batch);
  Object.assign(moved, { to: 0, from: 0 });
  await stepper.run(2, batch);
  const weights = 4 * network.size;
  await stepper.release();
  return [
    ...[resident ? "weights stay on the device" : "weights are fed", String(parts)],
    ...[moved.to, moved.from].map((bytes) => (bytes / weights).toFixed(1)),
  ];
}

/** Seconds of the processor for an update of all weights of mit_b1 on the host. */
function updateSeconds(): number {
  const config = parseConfig({ preset: "voc" });
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(1));
  state.optimizer.allGradients.fill(1e-3);
  const rates = ratesAt(10, config.train);
  state.optimizer.step(rates);
  const start = process.cpuUsage();
  for (let i = 0; i < 5; i++) state.optimizer.step(rates);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 5e6;
}

const rows: string[][] = [];
for (const parts of values.parts.split(",").map(Number))
  for (const resident of [true, false]) rows.push(await measure(parts, resident));
const titles = ["", "micro-batches of a process", "to the device", "from it"];
console.log(`${textTable([titles, ...rows])}\n`);
console.log(
  `AdamW of mit_b1 on the host: ${(1000 * updateSeconds()).toFixed(0)} ms of a processor`,
);
