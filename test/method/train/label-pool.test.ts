import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { nodeWorkers } from "../../../src/host/node/workers/workers.ts";
import { labelThreads } from "../../../src/jobs/plan/label-threads.ts";
import { LabelPool } from "../../../src/method/train/label-pool.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { LabelMaker, type LabelInput } from "../../../src/method/train/labels.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";

const crop = 64;
const configOf = (set: Record<string, unknown> = {}) =>
  parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "data.crop": crop, "data.batch": 3, "pseudo.radius": 1 },
      ...set,
    },
  });

const inputs: LabelInput[] = [0, 1, 2].map((index) => {
  const { image, tags } = generateScene({ seed: 4, index, size: crop });
  return { image, classes: [...tags].sort(), box: [0, crop, 2, crop] };
});

test("labels from threads equal those of the calling thread, also after the weights have changed", async () => {
  const config = configOf();
  const network = networkOf(config, sceneClasses);
  const parameters = network.initialize(3);
  const here = new LabelMaker(nodeRuntime(), network, parameters, config, () => 0);
  const setup = { config, classes: sceneClasses, parameters, cores: 2 };
  const pool = new LabelPool(nodeWorkers, 2, setup);
  try {
    const first = await pool.make(inputs, "affinity");
    expect(first.labels).toEqual((await here.make(inputs, "affinity")).labels);
    expect(first.seconds.cam).toBeGreaterThan(0);

    const weight = parameters["classifier.weight"]!.data as Float32Array;
    weight.forEach((value, i) => (weight[i] = -value));
    const moved = await pool.make(inputs, "affinity");
    expect(moved.labels).toEqual((await here.make(inputs, "affinity")).labels);
    expect(moved.labels).not.toEqual(first.labels);

    // Thresholds that the run has chosen take the place of those of the settings.
    const chosen = { low: 0.6, high: 0.7 };
    const others = await pool.make(inputs, "affinity", chosen);
    expect(others.labels).toEqual((await here.make(inputs, "affinity", chosen)).labels);
    expect(others.labels).not.toEqual(moved.labels);

    // At rest it keeps no thread, and starts again when asked.
    await pool.rest();
    expect((await pool.make(inputs.slice(1), "affinity")).labels).toEqual(moved.labels.slice(1));
  } finally {
    await pool.rest();
    await here.rest();
  }
}, 30_000);

test("threads are used if they are worth their start and their memory", () => {
  const large = { "model.backbone": "mit_b0", "data.crop": 160 };
  const threads = (set: Record<string, unknown>, cores: number, free: number): number => {
    const config = configOf(set);
    return labelThreads(networkOf(config, sceneClasses), config, { cores, freeMemory: () => free });
  };
  expect(threads(large, 8, 64e9)).toBe(3); // a crop each
  expect(threads(large, 2, 64e9)).toBe(2);
  expect(threads(large, 1, 64e9)).toBe(0);
  expect(threads({}, 8, 64e9)).toBe(0); // mit_tiny
  expect(threads(large, 8, 0.6e9)).toBe(0);
  // Plenty of memory is no reason to take more than the published recipes may.
  const recipe = { "model.backbone": "mit_b1", "data.crop": 512, "data.batch": 2 };
  expect(threads(recipe, 8, 64e9)).toBe(0);
  expect(threads({ ...recipe, "train.labelWorkers": 2 }, 8, 64e9)).toBe(2);
  expect(threads({ ...large, "train.labelWorkers": 0 }, 8, 64e9)).toBe(0);
  expect(threads({ "train.labelWorkers": 1 }, 8, 0)).toBe(1);
  expect(threads({ ...large, "train.labelWorkers": 16 }, 1, 0)).toBe(3);
});
