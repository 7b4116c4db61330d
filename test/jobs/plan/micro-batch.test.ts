import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { fitMemory } from "../../../src/jobs/plan/micro-batch.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { trainingBytes } from "../../../src/jobs/plan/training-memory.ts";

const classes = ["cat", "dog"];
const configOf = (set: Record<string, unknown> = {}) =>
  parseConfig({ set: { "model.backbone": "mit_b0", "data.crop": 256, "data.batch": 6, ...set } });
const needed = (microBatch: number): number =>
  trainingBytes(networkOf(configOf(), classes), configOf({ "train.microBatch": microBatch }));

test("with enough memory the batch stays whole, and there is nothing to say", () => {
  const config = configOf();
  expect(fitMemory(config, classes, "cpu", 64e9)).toEqual({ config });
});

test("with too little, the batch is split into the largest micro-batches that fit", () => {
  const free = (needed(3) + 1e6) / 0.9;
  const { config, event } = fitMemory(configOf(), classes, "cpu", free);
  expect([config.train.microBatch, config.data.batch]).toEqual([3, 6]);
  const sizes = { batch: 6, crop: 256, microBatch: 3, bytes: needed(0), free };
  expect(event).toEqual({ type: "micro-batch", ...sizes });
});

test("where not even a single crop fits, it is tried all the same, and the event says what it takes", () => {
  const { config, event } = fitMemory(configOf(), classes, "cpu", 1e8);
  expect([config.train.microBatch, event?.least]).toEqual([1, needed(1)]);
});

test("a micro-batch that was asked for is kept, and other devices have their own memory", () => {
  const chosen = configOf({ "train.microBatch": 2 });
  expect(fitMemory(chosen, classes, "cpu", 1e8)).toEqual({ config: chosen });
  const config = configOf();
  expect(fitMemory(config, classes, "webgpu", 1e8)).toEqual({ config });
});

test("the fewer crops at a time, the less memory", () => {
  const sizes = [1, 2, 3, 6].map(needed);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[3]! / sizes[0]!).toBeGreaterThan(1.5);
});

test("the sum over many micro-batches holds gradients of some of them", () => {
  const network = networkOf(configOf(), classes);
  const bytes = (batch: number): number =>
    trainingBytes(network, configOf({ "data.batch": batch, "train.microBatch": 1 }));
  expect(bytes(3)).toBe(bytes(1));
  expect(bytes(4)).toBe(bytes(1) + 4 * network.size);
  expect(bytes(8)).toBe(bytes(1) + 8 * network.size);
});

test("a synchronized BatchNorm has passes of its own, and maps that wait for the whole batch", () => {
  const network = networkOf(configOf(), classes);
  const bytes = (batch: number, microBatch: number, syncNorm: boolean): number => {
    const set = { "data.batch": batch, "train.microBatch": microBatch };
    return trainingBytes(network, configOf({ ...set, "train.syncNorm": syncNorm }));
  };
  expect(bytes(6, 0, true)).toBe(bytes(6, 0, false));
  expect(bytes(3, 1, true)).toBeGreaterThan(1.02 * bytes(3, 1, false));
  // A map of 256 channels at a quarter of the crop's side, for each crop more.
  expect(bytes(3, 1, true) - bytes(2, 1, true)).toBeCloseTo(1.3 * 4 * 256 * 64 ** 2, -1);
  // Less than what splitting saves.
  expect(bytes(6, 1, true)).toBeLessThan(bytes(6, 2, false));
});

test("the dense energy has a pass of its own, which takes memory too", () => {
  const network = networkOf(configOf(), classes);
  const more = trainingBytes(network, configOf({ "loss.regularization": 0.01 }));
  expect(more).toBeGreaterThan(1.02 * needed(0));
});
