import { expect, test } from "vitest";
import { isOnDevice, type NdArray, type Runtime } from "../../../src/engine/graph/index.ts";
import { alone, type Exchange } from "../../../src/host/exchange.ts";
import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper } from "../../../src/method/train/step.ts";
import { pretendExchange } from "../../pretend-exchange.ts";
import { pretendDevice } from "./pretend-device.ts";

const scenes = Array.from({ length: 4 }, (_, index) => generateScene({ seed: 9, index, size: 64 }));
const labels = new Uint8Array(4 * 64 * 64).map((_, i) => (i >> 9) % 5);

/** The part of an array for a batch of four that belongs to one of several processes. */
function shareOf<T>(all: { slice(from: number, to: number): T; length: number }, of: Exchange): T {
  const own = all.length / of.size;
  return all.slice(own * of.rank, own * (of.rank + 1));
}

function batchOf(exchange: Exchange): Batch {
  const own = shareOf(scenes, exchange);
  const tags = own.flatMap((scene) => sceneClasses.map((_, c) => Number(scene.tags.includes(c))));
  return {
    ...{ names: own.map((_, i) => `${i}`), size: own.length, crop: 64 },
    images: Uint8Array.from(own.flatMap(({ image }) => [...image.data])),
    tags: Float32Array.from(tags),
    boxes: Int32Array.from(own.flatMap(() => [0, 64, 0, 64])),
  };
}

function trainee(runtime: Runtime, exchange: Exchange) {
  const config = parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16, "model.dropPath": 0.2 },
      ...{ "data.crop": 64, "data.batch": 4, "train.microBatch": 1, "pseudo.radius": 1 },
      ...{ "train.camSteps": 1, "train.affinitySteps": 3 },
    },
  });
  const network = networkOf(config, sceneClasses);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(3));
  const stepper = new Stepper(runtime, network, state, config, () => 0, undefined, exchange);
  const steps = async (from: number, to: number): Promise<void> => {
    for (let step = from; step < to; step++)
      await stepper.run(step, batchOf(exchange), shareOf(labels, exchange));
  };
  return { state, stepper, steps };
}

/** Names of the weights, buffers and moments that differ in a bit. */
function differences(a: Record<string, NdArray>, b: Record<string, NdArray>): string[] {
  const bytesOf = ({ data: { buffer, byteOffset, byteLength } }: NdArray): Buffer =>
    Buffer.from(buffer, byteOffset, byteLength);
  return Object.keys(a).filter((name) => !bytesOf(a[name]!).equals(bytesOf(b[name]!)));
}

test("processes on devices of their own have equal weights, those of one process on such a device, and free everything", async () => {
  const one = trainee(pretendDevice().runtime, alone);
  await one.steps(0, 4);
  await one.stepper.download();
  const all = await Promise.all(
    pretendExchange(2).map(async (exchange) => {
      const device = pretendDevice();
      const { state, stepper, steps } = trainee(device.runtime, exchange);
      await steps(0, 2);
      const held = device.live();
      for (const { name } of state.network.trainable)
        expect(isOnDevice(state.feeds[name]!), name).toBe(true);
      await steps(2, 4);
      expect(device.live()).toBe(held);
      await stepper.rest();
      expect(device.live()).toBe(held);
      await stepper.release();
      expect([device.live(), device.sessions()]).toEqual([0, 0]);
      for (const name of Object.keys(state.feeds))
        expect(state.feeds[name] === state.parameters[name], name).toBe(true);
      return state.tensors();
    }),
  );
  expect(differences(all[1]!, all[0]!)).toEqual([]);
  // Where the device rounds as the host does, it makes no difference which of them updates the weights.
  expect(differences(all[0]!, one.state.tensors())).toEqual([]);
  await one.stepper.release();
});

test("weights that are loaded into the state replace those on the devices", async () => {
  const all = await Promise.all(
    pretendExchange(2).map(async (exchange) => {
      const first = trainee(pretendDevice().runtime, exchange);
      await first.steps(0, 2);
      const second = trainee(pretendDevice().runtime, exchange);
      second.state.restore(first.state.tensors());
      await first.steps(2, 4);
      await second.steps(2, 4);
      expect(differences(second.state.tensors(), first.state.tensors())).toEqual([]);
      for (const { stepper } of [first, second]) await stepper.release();
      return first.state.tensors();
    }),
  );
  expect(differences(all[1]!, all[0]!)).toEqual([]);
});
