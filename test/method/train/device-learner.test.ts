import { alone } from "../../../src/host/exchange.ts";
import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { float32, isOnDevice, type Runtime } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { DeviceLearner } from "../../../src/method/train/device-learner.ts";
import { buildStep } from "../../../src/method/train/step-graph.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { ratesAt } from "../../../src/method/train/parameter-groups.ts";
import { Stepper, type StepResult } from "../../../src/method/train/step.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { normError } from "../../network.ts";
import { pretendDevice } from "./pretend-device.ts";

const scenes = [0, 1].map((index) => generateScene({ seed: 9, index, size: 64 }));
const tags = Float32Array.from(
  scenes.flatMap((scene) => sceneClasses.map((_, c) => Number(scene.tags.includes(c)))),
);
const batch: Batch = {
  names: ["0", "1"],
  size: 2,
  crop: 64,
  images: Uint8Array.from(scenes.flatMap(({ image }) => [...image.data])),
  tags,
  boxes: Int32Array.from([0, 64, 0, 64, 0, 64, 0, 64]),
};
const labels = new Uint8Array(2 * 64 * 64).map((_, i) => (i >> 9) % 5);

function trainee(runtime: Runtime, set: Record<string, unknown> = {}) {
  const config = parseConfig({
    preset: "small",
    set: {
      "model.backbone": "mit_tiny",
      "model.decoderWidth": 16,
      "data.crop": 64,
      "data.batch": 2,
      "pseudo.radius": 1,
      "train.camSteps": 1,
      "train.affinitySteps": 3,
      ...set,
    },
  });
  const network = networkOf(config, sceneClasses);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(3));
  const rates = (step: number) => ratesAt(step, config.train);
  return { state, rates, stepper: new Stepper(runtime, network, state, config, () => 0) };
}

async function steps(stepper: Stepper, from: number, to: number): Promise<StepResult["losses"][]> {
  const losses = [];
  for (let step = from; step < to; step++)
    losses.push((await stepper.run(step, batch, labels)).losses);
  return losses;
}

/** Largest difference of any weight or moment, of its norm; what rounding alone moves is left out. */
function distance(a: NetworkState, b: NetworkState): number {
  const others = b.tensors();
  const errors = Object.entries(a.tensors()).flatMap(([name, { data, dtype }]) => {
    if (dtype !== "float32" || /linear_c\d\.proj\.bias|attn\.kv\.bias|running_mean/.test(name))
      return [];
    return [normError(data as Float32Array, others[name]!.data as Float32Array)];
  });
  return Math.max(...errors);
}

// Phases of classification alone, of all losses, and with labels along the affinity.
test.each([
  ["whole batches", {}],
  ["parts of a batch", { "train.microBatch": 1 }],
  ["norms that learn", { "train.freezeNorms": false, "model.dropPath": 0.2 }],
])("five steps in a device's memory end where those in place do: %s", async (_, set) => {
  const { runtime } = pretendDevice();
  const there = trainee(runtime, set);
  const here = trainee(nodeRuntime(), set);
  const found = await steps(there.stepper, 0, 5);
  const expected = await steps(here.stepper, 0, 5);
  found.forEach((losses, step) => {
    for (const [name, value] of Object.entries(expected[step]!)) {
      const other = losses[name as keyof typeof losses];
      if (value === null) expect(other, name).toBeNull();
      else expect(Math.abs(other! / value - 1), `${name} of step ${step}`).toBeLessThan(1e-4);
    }
  });
  await there.stepper.download();
  expect(distance(there.state, here.state)).toBeLessThan(1e-3);
  expect(there.state.tensors()["optimizer.updates"]).toEqual(
    here.state.tensors()["optimizer.updates"],
  );
  await there.stepper.release();
  await here.stepper.release();
});

// Before 0.3.0 the decoder and the affinity head counted no updates in the classification phase.
test("parameters that have been updated less often keep their own bias correction", async () => {
  const trainees = [trainee(pretendDevice().runtime), trainee(nodeRuntime())];
  for (const { state, stepper } of trainees) {
    state.learned.forEach(({ group }, i) => {
      state.optimizer.updates[i] = group === "decoder" ? 0n : 9n;
    });
    await steps(stepper, 2, 3);
    await stepper.download();
  }
  const [there, here] = trainees.map(({ state }) => state) as [NetworkState, NetworkState];
  expect(distance(there, here)).toBeLessThan(1e-3);
  expect(new Set(there.optimizer.updates)).toEqual(new Set([1n, 10n]));
  for (const { stepper } of trainees) await stepper.release();
});

test("after downloading and restoring, training continues with the same bits", async () => {
  const whole = trainee(pretendDevice().runtime);
  await steps(whole.stepper, 0, 5);
  const first = trainee(pretendDevice().runtime);
  await steps(first.stepper, 0, 3);
  await first.stepper.download();
  const resumed = trainee(pretendDevice().runtime);
  resumed.state.restore(first.state.tensors());
  await steps(resumed.stepper, 3, 5);
  for (const { stepper } of [whole, resumed]) await stepper.download();
  expect(resumed.state.tensors()).toEqual(whole.state.tensors());
  for (const { stepper } of [whole, first, resumed]) await stepper.release();
});

test("weights stay on the device from step to step, and all memory is freed in the end", async () => {
  const { runtime, live, sessions } = pretendDevice();
  const { state, stepper } = trainee(runtime);
  await steps(stepper, 0, 3);
  const held = live();
  // The step, its activations and the optimizer; those of earlier steps are gone.
  expect(sessions()).toBe(3);
  for (const { name } of state.network.trainable)
    expect(isOnDevice(state.feeds[name]!), name).toBe(true);
  await steps(stepper, 3, 5);
  expect(live()).toBe(held);
  await stepper.rest();
  expect(live()).toBe(held);
  expect(sessions()).toBe(1);
  await stepper.download();
  expect([live(), sessions()]).toEqual([held, 1]);
  await stepper.release();
  expect([live(), sessions()]).toEqual([0, 0]);
  expect(state.feeds).toEqual(state.parameters);
});

test("a learner frees gradients and sessions when it is prepared anew, rests and is released", async () => {
  const { runtime, live, sessions } = pretendDevice();
  const { state } = trainee(runtime);
  const learner = new DeviceLearner(runtime, state);
  const graph = buildStep(state.network, {
    ...{ kind: "classification", batch: 1, crop: 32, dropPath: false, dropout: false },
    learned: state.learned,
  });
  const feeds = {
    image: float32([1, 32, 32, 3], new Float32Array(32 * 32 * 3)),
    tags: float32([1, 4], [1, 0, 0, 1]),
  };
  await learner.begin();
  const weights = state.network.trainable.length;
  // Those that the loss does not depend on are zeros.
  const zeros = state.learned.length - graph.gradients.length;
  const gradients = graph.gradients.length;
  expect(zeros).toBeGreaterThan(0);
  expect([live(), sessions()]).toEqual([weights, 0]);
  await learner.prepare(graph);
  await learner.pass(feeds, 0);
  expect([live(), sessions()]).toEqual([weights + zeros + gradients, 1]);
  await learner.pass(feeds, 1); // a second part, added to the first by a session of its own
  expect([live(), sessions()]).toEqual([weights + zeros + gradients, 2]);
  await learner.pass(feeds, 2); // a third waits for the fourth
  expect(live()).toBe(weights + zeros + 2 * gradients);
  await learner.pass(feeds, 3);
  expect(live()).toBe(weights + zeros + gradients);
  await learner.total(alone);
  expect(live()).toBe(weights + zeros + gradients);
  await learner.pass(feeds, 0);
  expect(live()).toBe(weights + zeros + gradients);
  await learner.prepare(graph);
  expect([live(), sessions()]).toEqual([weights + zeros, 1]);
  await learner.pass(feeds, 0);
  await learner.release();
  expect([live(), sessions()]).toEqual([0, 0]);
});

test("weights loaded into the state replace those on the device", async () => {
  const { stepper, state } = trainee(pretendDevice().runtime);
  const fresh = state.network.initialize(4);
  await steps(stepper, 0, 2);
  state.load(fresh);
  const other = trainee(pretendDevice().runtime);
  other.state.load(fresh);
  const [found] = await steps(stepper, 0, 1);
  const [expected] = await steps(other.stepper, 0, 1);
  expect(found!.cls).toBe(expected!.cls);
  await stepper.release();
  await other.stepper.release();
});

test("gradients that are not finite are named even if the loss is finite", async () => {
  const { stepper, state } = trainee(pretendDevice().runtime);
  const fill = (names: RegExp, value: number): void => {
    for (const [name, { data }] of Object.entries(state.parameters))
      if (names.test(name)) (data as Float32Array).fill(value);
  };
  // The last stage's tokens are tiny before their norm, which multiplies gradients by a thousand.
  fill(/^encoder\.block4\..*(attn\.proj|fc2)\./, 0);
  fill(/^encoder\.patch_embed4\.norm\.weight/, 1e-4);
  fill(/^classifier\.weight/, 1e36);
  await expect(stepper.run(0, batch, labels)).rejects.toThrow(
    /^train: step 0: the gradient of encoder\.\S+ is not finite \(\d+ tensors in all\); resume/,
  );
  await stepper.release();
});
