/**
 * Step time on WebGPU beside the CPU's, in one run: `npx tsx bench/webgpu.ts mit_b1 512 8`. With `--operators`, what a step
 * starts kernels for instead, which needs no adapter; see bench/webgpu-tab.ts for a browser. As one file,
 * for a machine that has onnxruntime-node 1.30 and nothing else of this:
 * `npx esbuild bench/webgpu.ts --bundle --platform=node --format=esm --external:onnxruntime-node
 * --external:onnxruntime-common --outfile=webgpu-bench.mjs`.
 */
import { parseArgs } from "node:util";
import { backbones, type BackboneName } from "../src/method/model/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import type { StepSeconds } from "../src/method/train/events.ts";
import type { Configuration } from "./configurations.ts";
import { operatorTable } from "./webgpu-operators.ts";
import { medians, stepParts, stepSeconds } from "./webgpu-step.ts";

const now = (): number => performance.now() / 1000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "10" },
    settling: { type: "string", default: "3" },
    devices: { type: "string", default: "webgpu,cpu" },
    operators: { type: "boolean", default: false },
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

if (values.operators) {
  console.log(operatorTable(configuration));
  process.exit();
}
const measured: Awaited<ReturnType<typeof measure>>[] = [];
for (const device of values.devices.split(",")) measured.push(await measure(device));
console.log(`${configuration.name}, medians of ${runs} steps after ${settling}`);
console.log(["", ...stepParts, "spread of a step"].join("\t"));
for (const { device, seconds, spread } of measured)
  console.log(
    [device, ...stepParts.map((part) => `${seconds[part].toFixed(3)} s`), spread].join("\t"),
  );

/** Medians of the parts of a step on a device. */
async function measure(device: string): Promise<{ device: string } & ReturnType<typeof medians>> {
  const measured: StepSeconds[] = [];
  const steps = stepSeconds(nodeRuntime({ device }), configuration, { settling, runs }, now);
  try {
    for await (const seconds of steps) measured.push(seconds);
  } catch (error) {
    // ONNX Runtime names its own source before what is wrong.
    const { message } = error as Error;
    fail(
      `device ${device}: ${/was false\.\s+(.*)/.exec(message)?.[1] ?? message}; is there a GPU and its driver?`,
    );
  }
  return { device, ...medians(measured) };
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
