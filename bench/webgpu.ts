/**
 * Step time on WebGPU beside the CPU's, in one run: `npx tsx bench/webgpu.ts mit_b1 512 8`. As one file,
 * for a machine that has onnxruntime-node 1.30 and nothing else of this:
 * `npx esbuild bench/webgpu.ts --bundle --platform=node --format=esm --external:onnxruntime-node
 * --external:onnxruntime-common --outfile=webgpu-bench.mjs`.
 */
import { parseArgs } from "node:util";
import { backbones, type BackboneName } from "../src/method/model/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import type { StepSeconds } from "../src/method/train/events.ts";
import { NetworkState } from "../src/method/train/network-state.ts";
import { Stepper } from "../src/method/train/step.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { randomBatch, recipe, type Configuration } from "./configurations.ts";

const seed = 1;
const parts = ["network", "cam", "labels", "optimizer", "total"] as const;
type Seconds = Pick<StepSeconds, (typeof parts)[number]>;

const now = (): number => performance.now() / 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "10" },
    settling: { type: "string", default: "3" },
    devices: { type: "string", default: "webgpu,cpu" },
  },
});
const [backbone = "mit_b1", crop = "512", batch = "8"] = positionals;
if (!Object.hasOwn(backbones, backbone))
  fail(`backbone ${backbone}: there is ${Object.keys(backbones).join(", ")}`);
const [side, size, runs, settling] = [crop, batch, values.runs, values.settling].map(whole) as [
  number,
  number,
  number,
  number,
];
const configuration: Configuration = {
  name: `${backbone}/${side}/${size}`,
  backbone: backbone as BackboneName,
  crop: side,
  batch: size,
  preset: "voc",
  classes: 20,
};

const medians: { device: string; seconds: Seconds; spread: string }[] = [];
for (const device of values.devices.split(",")) medians.push(await measure(device));
console.log(`${configuration.name}, medians of ${runs} steps after ${settling}`);
console.log(["", ...parts, "spread of a step"].join("\t"));
for (const { device, seconds, spread } of medians)
  console.log([device, ...parts.map((part) => `${seconds[part].toFixed(3)} s`), spread].join("\t"));

/** Steps on the same noise with the same first weights, each in the dearest phase. */
async function measure(
  device: string,
): Promise<{ device: string; seconds: Seconds; spread: string }> {
  const config = recipe(configuration);
  const network = networkOf(
    config,
    Array.from({ length: configuration.classes }, (_, i) => `class ${i}`),
  );
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(seed));
  const stepper = new Stepper(nodeRuntime({ device }), network, state, config, now);
  const crops = randomBatch(configuration, seed);
  const measured: StepSeconds[] = [];
  try {
    for (let step = 1; step <= settling + runs; step++) {
      const { seconds } = await stepper.run(step, crops);
      if (step > settling) measured.push(seconds);
    }
  } catch (error) {
    // ONNX Runtime names its own source before what is wrong.
    const { message } = error as Error;
    fail(
      `device ${device}: ${/was false\.\s+(.*)/.exec(message)?.[1] ?? message}; is there a GPU and its driver?`,
    );
  }
  await stepper.release();
  const sorted = (part: keyof Seconds): number[] =>
    measured.map((seconds) => seconds[part]).sort((a, b) => a - b);
  const median = (part: keyof Seconds): number => sorted(part)[Math.floor(measured.length / 2)]!;
  const totals = sorted("total");
  return {
    device,
    seconds: Object.fromEntries(parts.map((part) => [part, median(part)])) as unknown as Seconds,
    spread: `${totals[0]!.toFixed(3)} to ${totals.at(-1)!.toFixed(3)} s`,
  };
}

function whole(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0
    ? value
    : fail(`${text}: a whole number above 0 is wanted`);
}

function fail(message: string): never {
  console.error(`bench/webgpu: ${message}`);
  process.exit(1);
}
