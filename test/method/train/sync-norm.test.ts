import { expect, test } from "vitest";
import type { NdArray, Runtime } from "../../../src/engine/graph/index.ts";
import { alone, type Exchange } from "../../../src/host/exchange.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { parseConfig, type Config } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper, type StepResult } from "../../../src/method/train/step.ts";
import { normError } from "../../network.ts";
import { pretendExchange } from "../../pretend-exchange.ts";
import { pretendDevice } from "./pretend-device.ts";

const scenes = Array.from({ length: 4 }, (_, index) => generateScene({ seed: 9, index, size: 64 }));
const bn = "decoder.linear_fuse.bn";

/** The crops of a batch of four that belong to one of several processes. */
function batchOf({ rank, size }: Exchange = alone): Batch {
  const own = scenes.slice((4 / size) * rank, (4 / size) * (rank + 1));
  const tags = new Float32Array(4 * own.length);
  own.forEach((scene, i) => scene.tags.forEach((c) => (tags[4 * i + c] = 1)));
  return {
    names: own.map((_, i) => `${rank}-${i}`),
    size: own.length,
    crop: 64,
    images: Uint8Array.from(own.flatMap(({ image }) => [...image.data])),
    tags,
    boxes: Int32Array.from(own.flatMap(() => [0, 64, 4, 64])),
  };
}

function configOf(microBatch: number, set: Record<string, unknown> = {}): Config {
  return parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16 },
      ...{ "model.dropPath": 0.2, "model.dropout": 0.2 },
      ...{ "data.crop": 64, "data.batch": 4, "pseudo.radius": 1, "train.camSteps": 0 },
      ...{ "loss.seg": 1, "train.microBatch": microBatch, "train.syncNorm": true, ...set },
    },
  });
}

interface Stepped {
  readonly result: StepResult;
  readonly state: NetworkState;
}

/** One step that trains all losses, in parts of `microBatch` crops, with a synchronized BatchNorm unless set otherwise. */
async function step(
  microBatch: number,
  set: Record<string, unknown> = {},
  {
    exchange = alone,
    runtime = nodeRuntime({ threads: 1 }),
    change = () => {},
  }: { exchange?: Exchange; runtime?: Runtime; change?: (state: NetworkState) => void } = {},
): Promise<Stepped> {
  const config = configOf(microBatch, set);
  const network = networkOf(config, sceneClasses);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(3));
  change(state);
  const stepper = new Stepper(runtime, network, state, config, () => 0, undefined, exchange);
  const result = await stepper.run(1, batchOf(exchange), labels(exchange));
  await stepper.download();
  await stepper.release();
  return { result, state };
}

/** Segmentation labels in stripes: those made by the network could tip over by rounding. */
function labels({ rank, size }: Exchange): Uint8Array {
  const area = 64 * 64;
  const all = new Uint8Array(4 * area).map((_, i) => ((i >> 9) + (i >> 12)) % 5);
  return all.slice(((4 * area) / size) * rank, ((4 * area) / size) * (rank + 1));
}

/** The largest difference of any gradient, of its norm; biases that BatchNorm or the softmax cancels left out. */
function gradientError(a: NetworkState, b: NetworkState): number {
  const names = Object.keys(b.gradients).filter(
    (name) => !/linear_c\d\.proj\.bias|kv\.bias/.test(name),
  );
  return Math.max(
    ...names.map((name) => normError(floats(a.gradients[name]), floats(b.gradients[name]))),
  );
}

/** Names of the gradients, weights, statistics and moments that differ in a bit. */
function differences(a: NetworkState, b: NetworkState): string[] {
  const others: Record<string, NdArray> = { ...b.gradients, ...b.tensors() };
  return Object.entries({ ...a.gradients, ...a.tensors() }).flatMap(([name, { data }]) => {
    const [own, other] = [data, others[name]!.data].map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    );
    return own!.equals(other!) ? [] : [name];
  });
}

const floats = (array: NdArray | undefined): Float32Array => array!.data as Float32Array;

function lossError(a: StepResult, b: StepResult): number {
  const names = Object.keys(b.losses) as (keyof StepResult["losses"])[];
  const errors = names.flatMap((name) => {
    const [found, expected] = [a.losses[name], b.losses[name]];
    return expected === null ? [] : [Math.abs(found! / expected - 1)];
  });
  return Math.max(...errors);
}

test.each([1, 2])(
  "with a synchronized BatchNorm, a batch in parts of %i has the losses, gradients and statistics of the whole batch",
  async (microBatch) => {
    const whole = await step(0);
    const parts = await step(microBatch);
    expect(lossError(parts.result, whole.result)).toBeLessThan(1e-5);
    expect(gradientError(parts.state, whole.state)).toBeLessThan(1e-4);
    for (const name of ["running_mean", "running_var"]) {
      const [a, b] = [parts, whole].map(({ state }) => floats(state.parameters[`${bn}.${name}`]));
      expect(normError(a!, b!), name).toBeLessThan(1e-5);
    }
    // What the setting changes: without it, parts differ.
    const apart = await step(microBatch, { "train.syncNorm": false });
    expect(lossError(apart.result, whole.result)).toBeGreaterThan(1e-4);
    expect(gradientError(apart.state, whole.state)).toBeGreaterThan(1e-2);
  },
);

test("a whole batch has the same bits with the setting and without", async () => {
  const [on, off] = [await step(0), await step(0, { "train.syncNorm": false })];
  expect(on.result).toEqual(off.result);
  expect(differences(on.state, off.state)).toEqual([]);
});

test("the dense energy passes the synchronized BatchNorm too", async () => {
  const set = { "loss.regularization": 1e6 };
  const [whole, parts] = [await step(0, set), await step(1, set)];
  expect(whole.result.losses.energy).toBeLessThan(0);
  expect(lossError(parts.result, whole.result)).toBeLessThan(1e-5);
  // Nearly the same for all classes of a pixel, its gradient loses digits in the softmax.
  expect(gradientError(parts.state, whole.state)).toBeLessThan(1e-3);
  expect(gradientError((await step(1)).state, whole.state)).toBeGreaterThan(1e-2);
});

test.each([
  [2, 1],
  [4, 1],
])(
  "%i processes with micro-batches of %i have the bits of one process",
  async (size, microBatch) => {
    const expected = await step(microBatch);
    const all = await Promise.all(
      pretendExchange(size).map((exchange) => step(microBatch, {}, { exchange })),
    );
    for (const { result, state } of all) {
      expect(result.losses).toEqual(expected.result.losses);
      expect(differences(state, expected.state)).toEqual([]);
    }
  },
);

test("a device with its own memory synchronizes its micro-batches, and frees everything", async () => {
  const { runtime, live, sessions } = pretendDevice();
  const [there, here] = [await step(1, {}, { runtime }), await step(1)];
  expect(lossError(there.result, here.result)).toBeLessThan(1e-5);
  for (const name of ["decoder.linear_pred.weight", "encoder.block1.0.attn.q.weight"]) {
    const [a, b] = [there, here].map(({ state }) => floats(state.tensors()[`optimizer.m.${name}`]));
    expect(normError(a!, b!), name).toBeLessThan(1e-4);
  }
  expect([live(), sessions()]).toEqual([0, 0]);
});

// The labels that the network makes could tip over, those of the segmentation are given.
const smooth = { "loss.affinity": 0 };
const synchronized = step(1, smooth);
const apart = step(1, { ...smooth, "train.syncNorm": false });

test.each([
  "decoder.linear_c1.proj.weight",
  "decoder.linear_fuse.conv.weight",
  `${bn}.weight`,
  "encoder.patch_embed1.proj.weight",
])(
  "the gradient of %s through the statistics of all parts is that of central differences",
  async (name) => {
    const gradient = floats((await synchronized).state.gradients[`grad.${name}`]);
    const norm = Math.hypot(...gradient);
    const totalAt = async (distance: number): Promise<number> => {
      const change = ({ parameters }: NetworkState): void => {
        const weight = floats(parameters[name]);
        gradient.forEach((slope, i) => (weight[i]! += (distance * slope) / norm));
      };
      return (await step(1, smooth, { change })).result.losses.total;
    };
    const h = 0.003;
    const slope = ((await totalAt(h)) - (await totalAt(-h))) / (2 * h);
    expect(Math.abs(slope / norm - 1)).toBeLessThan(0.02);
    // If each part is normalized by itself, the gradient is another.
    const other = floats((await apart).state.gradients[`grad.${name}`]);
    expect(normError(other, gradient)).toBeGreaterThan(0.05);
  },
);

test("the network has one BatchNorm, that of the decoder", () => {
  for (const backbone of ["mit_tiny", "pvt_v2_b0"]) {
    const network = networkOf(configOf(1, { "model.backbone": backbone }), sceneClasses);
    const running = network.parameters.filter(({ name }) => /running_mean/.test(name));
    expect(running.map(({ name }) => name)).toEqual([`${bn}.running_mean`]);
  }
});

test("variances beside a large mean keep their digits", async () => {
  // Every projection adds a large bias before the norm.
  const change = ({ parameters }: NetworkState): void =>
    void floats(parameters["decoder.linear_c1.proj.bias"]).fill(30);
  const [whole, parts] = [await step(0, {}, { change }), await step(1, {}, { change })];
  expect(lossError(parts.result, whole.result)).toBeLessThan(1e-4);
});
