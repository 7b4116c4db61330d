import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { normalize } from "../../../src/method/images/normalize.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { imageInput } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper, type StepResult } from "../../../src/method/train/step.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { evaluate, normError } from "../../network.ts";

const scenes = Array.from({ length: 4 }, (_, index) => generateScene({ seed: 9, index, size: 64 }));

/** Crops of these scenes. */
function batchOf(order: readonly number[]): Batch {
  const chosen = order.map((i) => scenes[i]!);
  const tags = new Float32Array(4 * order.length);
  chosen.forEach((scene, i) => scene.tags.forEach((c) => (tags[4 * i + c] = 1)));
  return {
    names: order.map(String),
    size: order.length,
    crop: 64,
    images: Uint8Array.from(chosen.flatMap(({ image }) => [...image.data])),
    tags,
    boxes: Int32Array.from(order.flatMap(() => [0, 64, 4, 64])),
  };
}

/** One step that trains all losses, computed in parts of `microBatch` crops. */
async function step(
  order: readonly number[],
  microBatch: number,
  set: Record<string, unknown> = {},
): Promise<{ result: StepResult; state: NetworkState }> {
  const config = parseConfig({
    preset: "small",
    set: {
      "model.backbone": "mit_tiny",
      "model.decoderWidth": 16,
      "data.crop": 64,
      "data.batch": order.length,
      "pseudo.radius": 1,
      "train.camSteps": 0,
      "train.microBatch": microBatch,
      ...set,
    },
  });
  const network = networkOf(config, sceneClasses);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(3));
  const stepper = new Stepper(nodeRuntime(), network, state, config, () => 0);
  const result = await stepper.run(1, batchOf(order));
  await stepper.release();
  return { result, state };
}

/** The largest difference of any gradient, of its norm; biases that BatchNorm cancels left out. */
function gradientError(a: NetworkState, b: NetworkState): number {
  const errors = Object.entries(a.gradients)
    .filter(([name]) => !/linear_c\d\.proj\.bias|kv\.bias/.test(name))
    .map(([name, { data }]) => {
      const other = b.gradients[name]!.data as Float32Array;
      return other.some((x) => x !== 0) ? normError(data as Float32Array, other) : 0;
    });
  return Math.max(...errors);
}

function expectSameLosses(a: StepResult, b: StepResult): void {
  for (const [name, value] of Object.entries(b.losses)) {
    const found = a.losses[name as keyof StepResult["losses"]];
    if (value === null) expect(found, name).toBeNull();
    else expect(Math.abs(found! - value), name).toBeLessThanOrEqual(1e-5 * Math.abs(value));
  }
  expect(a.pairs).toEqual(b.pairs);
}

test.each([1, 2])(
  "gradients of classification and affinity in parts of %i are those of the whole batch, noise and all",
  async (microBatch) => {
    const noise = { "model.dropPath": 0.3, "loss.seg": 0 };
    const whole = await step([0, 1, 2, 3], 0, noise);
    const parts = await step([0, 1, 2, 3], microBatch, noise);
    expect(gradientError(parts.state, whole.state)).toBeLessThan(1e-4);
    const { cls, affinity } = parts.result.losses;
    expect(cls).toBeCloseTo(whole.result.losses.cls, 5);
    expect(affinity).toBeCloseTo(whole.result.losses.affinity!, 5);
    expect(parts.result.pairs).toEqual(whole.result.pairs);
  },
);

// BatchNorm sees each part by itself: only parts alike have the statistics of the whole.
test("if all parts have the same batch statistics, losses and gradients equal those of the whole batch", async () => {
  const noiseless = { "model.dropPath": 0, "model.dropout": 0 };
  const whole = await step([0, 1, 0, 1], 0, noiseless);
  const parts = await step([0, 1, 0, 1], 2, noiseless);
  expectSameLosses(parts.result, whole.result);
  expect(gradientError(parts.state, whole.state)).toBeLessThan(1e-4);
});

test("the dense energy in parts equals that of the whole batch and changes the gradients", async () => {
  const set = { "model.dropPath": 0, "model.dropout": 0, "loss.regularization": 1e6 };
  const whole = await step([0, 1, 0, 1], 0, set);
  const parts = await step([0, 1, 0, 1], 2, set);
  const without = await step([0, 1, 0, 1], 0, { ...set, "loss.regularization": 0 });
  expect(whole.result.losses.energy).toBeLessThan(0);
  expectSameLosses(parts.result, whole.result);
  // Nearly the same for all classes of a pixel, its gradient loses digits in the softmax.
  expect(gradientError(parts.state, whole.state)).toBeLessThan(1e-3);
  expect(gradientError(without.state, whole.state)).toBeGreaterThan(1e-2);
  expect(without.result.losses.energy).toBeNull();
  const { cls, seg, affinity, energy, total } = whole.result.losses;
  expect(total / (cls + 0.5 * seg! + 0.1 * affinity! + 1e6 * energy!)).toBeCloseTo(1, 6);
});

test("the running statistics of BatchNorm are updated with those of the whole batch", async () => {
  const whole = await step([0, 1, 2, 3], 0);
  const parts = await step([0, 1, 2, 3], 1);
  for (const name of ["running_mean", "running_var"]) {
    const key = `decoder.linear_fuse.bn.${name}`;
    const [a, b] = [parts, whole].map(({ state }) => state.parameters[key]!.data as Float32Array);
    expect(normError(a!, b!), name).toBeLessThan(1e-5);
  }
});

test("the running variance of BatchNorm is the unbiased one, over a row for each 4×4 pixels", async () => {
  const { state } = await step([0, 1], 0, { "model.dropPath": 0 });
  const { network } = state;
  const weights = network.initialize(3);
  const bn = "decoder.linear_fuse.bn";
  const { features } = network.encoder.forward(imageInput([2, 64, 64]));
  const { statistics } = network.decoder.forwardTraining(features, null);
  const { images } = batchOf([0, 1]);
  const image = float32([2, 64, 64, 3], normalize(images, parseConfig().data));
  const { mean, variance } = await evaluate({ ...statistics! }, { ...weights, image });
  const rows = 2 * 16 * 16;
  const moved = (start: number, { data }: NdArray, factor: number) =>
    Float32Array.from(data as Float32Array, (value) => 0.9 * start + 0.1 * factor * value);
  const running = (name: string) => state.parameters[`${bn}.${name}`]!.data as Float32Array;
  expect(normError(running("running_mean"), moved(0, mean!, 1))).toBeLessThan(1e-6);
  expect(normError(running("running_var"), moved(1, variance!, rows / (rows - 1)))).toBeLessThan(
    1e-6,
  );
});
