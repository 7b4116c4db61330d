import { expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import type { Batch } from "../../../src/method/data/sample.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import type { NdArray, Runtime } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { nodeWorkers } from "../../../src/host/node/workers/workers.ts";
import { affinityLabel, mergeKnown } from "../../../src/method/labels/index.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { LabelPool } from "../../../src/method/train/label-pool.ts";
import { LabelMaker, type LabelInput } from "../../../src/method/train/labels.ts";
import { NetworkState } from "../../../src/method/train/network-state.ts";
import { Stepper, type StepResult } from "../../../src/method/train/step.ts";
import { countingRuntime } from "../../counting-runtime.ts";
import { normError } from "../../network.ts";
import { pretendDevice } from "./pretend-device.ts";

const crop = 64;
const size = crop * crop;
const scenes = Array.from({ length: 4 }, (_, index) =>
  generateScene({ seed: 9, index, size: crop }),
);

/** The left `columns` of a scene's mask, 255 elsewhere and in the padding on the left. */
function knownPart(index: number, columns: number): Uint8Array {
  return scenes[index]!.mask.data.map((label, p) => {
    const x = p % crop;
    return x >= 4 && x < 4 + columns ? label : 255;
  });
}

/** Two scenes, padded on the left, of each of which so many columns are known. */
function batchOf(first: number, columns: readonly number[] | null): Batch {
  const pair = [first % 4, (first + 1) % 4];
  const tags = new Float32Array(2 * 4);
  pair.forEach((index, i) => scenes[index]!.tags.forEach((c) => (tags[4 * i + c] = 1)));
  const known = columns?.flatMap((count, i) => [...knownPart(pair[i]!, count)]);
  return {
    ...{ names: pair.map(String), size: 2, crop, tags },
    images: Uint8Array.from(pair.flatMap((index) => [...scenes[index]!.image.data])),
    boxes: Int32Array.of(0, crop, 4, crop, 0, crop, 4, crop),
    ...(known && { known: Uint8Array.from(known) }),
  };
}

const configOf = (set: Record<string, unknown> = {}) =>
  parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16, "data.crop": crop },
      ...{ "data.batch": 2, "pseudo.radius": 1, "train.camSteps": 0, "train.affinitySteps": 2 },
      ...set,
    },
  });

function trainee(runtime: Runtime, set: Record<string, unknown> = {}) {
  const config = configOf(set);
  const network = networkOf(config, sceneClasses);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(3));
  return { state, stepper: new Stepper(runtime, network, state, config, () => 0) };
}

/** Steps from pseudo labels (1, 2) and from propagated ones (3, 4). */
async function train(
  { stepper, state }: ReturnType<typeof trainee>,
  columns: readonly number[] | null,
): Promise<{ results: StepResult[]; tensors: Record<string, NdArray> }> {
  const results: StepResult[] = [];
  for (const step of [1, 2, 3, 4]) results.push(await stepper.run(step, batchOf(step, columns)));
  await stepper.download();
  await stepper.release();
  return { results, tensors: state.tensors() };
}

const whole = crop - 4;

test("a batch in which nothing is known trains the same bits as one without masks", async () => {
  const without = await train(trainee(nodeRuntime()), null);
  expect(await train(trainee(nodeRuntime()), [0, 0])).toEqual(without);
  expect((await train(trainee(nodeRuntime()), [30, 0])).tensors).not.toEqual(without.tensors);
});

/** The maker of labels, with its own network. */
function maker(runtime: Runtime, set: Record<string, unknown> = {}): LabelMaker {
  const config = configOf(set);
  const network = networkOf(config, sceneClasses);
  return new LabelMaker(runtime, network, network.initialize(3), config, () => 0);
}

function inputOf(index: number, columns: number | null): LabelInput {
  const { image, tags } = scenes[index]!;
  const known = { width: crop, height: crop, data: knownPart(index, columns ?? 0) };
  const classes = [...tags].sort((a, b) => a - b);
  return { image, classes, box: [0, crop, 4, crop], ...(columns !== null && { known }) };
}

test.each(["pseudo", "affinity"] as const)(
  "in the phase %s known pixels replace the network's labels, and the affinity is that of the merged map",
  async (phase) => {
    for (const affinityLabels of ["pseudo", "propagated"]) {
      const labels = maker(nodeRuntime(), { "train.affinityLabels": affinityLabels });
      const own = (await labels.makeOne(inputOf(0, null), phase)).labels;
      const merged = (await labels.makeOne(inputOf(0, 30), phase)).labels;
      await labels.rest();
      const known = inputOf(0, 30).known!;
      expect(merged.seg).toEqual(mergeKnown(known, own.seg));
      expect(merged.seg).not.toEqual(own.seg);
      // In the last phase of VOC's recipe pairs come from the pseudo label, which an earlier phase shows.
      const pairs =
        phase === "affinity" && affinityLabels === "pseudo"
          ? (await labels.makeOne(inputOf(0, null), "pseudo")).labels.seg
          : own.seg;
      await labels.rest();
      expect(merged.affinity).toEqual(affinityLabel(mergeKnown(known, pairs), { radius: 1 }));
      expect(merged.affinity).not.toEqual(own.affinity);
    }
  },
);

test("a crop whose labels are all known needs no activations, in any phase", async () => {
  const { runtime, open } = countingRuntime();
  const labels = maker(runtime);
  for (const phase of ["pseudo", "affinity"] as const) {
    const { seg, affinity } = (await labels.makeOne(inputOf(1, whole), phase)).labels;
    expect(seg).toEqual(inputOf(1, whole).known);
    expect(affinity).toEqual(affinityLabel(seg, { radius: 1 }));
  }
  expect(open()).toBe(0);
  await labels.makeOne(inputOf(1, whole - 1), "pseudo");
  expect(open()).toBe(1);
  await labels.rest();
});

test("whole steps of known labels open no session but that of the step", async () => {
  const { runtime, open } = countingRuntime();
  const { stepper } = trainee(runtime);
  await stepper.run(3, batchOf(0, [whole, whole]));
  expect(open()).toBe(1);
  await stepper.run(3, batchOf(0, [whole, 30]));
  expect(open()).toBe(2);
  await stepper.release();
});

test("labels from threads equal those of the calling thread", async () => {
  const config = configOf();
  const parameters = networkOf(config, sceneClasses).initialize(3);
  const pool = new LabelPool(nodeWorkers, 2, {
    ...{ config, classes: sceneClasses, parameters, cores: 2 },
  });
  const here = maker(nodeRuntime());
  const batch = batchOf(0, [30, whole]);
  // Views into the arrays of a batch, as a step passes them on.
  const inputs = [0, 1].map((i): LabelInput => {
    const known = {
      width: crop,
      height: crop,
      data: batch.known!.subarray(i * size, (i + 1) * size),
    };
    return { ...inputOf(i, null), known };
  });
  try {
    const { labels } = await pool.make([...inputs, inputOf(2, null)], "affinity");
    const expected = await here.make([...inputs, inputOf(2, null)], "affinity");
    expect(labels).toEqual(expected.labels);
  } finally {
    await pool.rest();
    await here.rest();
  }
}, 30_000);

test("in parts, labels and losses are those of the whole batch", async () => {
  // One step, since later ones start from weights that BatchNorm's statistics of each part have moved.
  const noiseless = { "model.dropPath": 0, "model.dropout": 0, "loss.regularization": 1e6 };
  const step = async (microBatch: number, columns: readonly number[] | null) => {
    const { stepper } = trainee(nodeRuntime(), { ...noiseless, "train.microBatch": microBatch });
    const batch = batchOf(0, columns);
    const same = (data: Uint8Array, length: number) =>
      Uint8Array.of(...data.subarray(0, length), ...data.subarray(0, length));
    const result = await stepper.run(3, {
      ...batch,
      images: same(batch.images, 3 * size),
      tags: Float32Array.of(...batch.tags.subarray(0, 4), ...batch.tags.subarray(0, 4)),
      ...(batch.known && { known: same(batch.known, size) }),
    });
    await stepper.release();
    return result;
  };
  const [parts, together] = [await step(1, [30, 30]), await step(0, [30, 30])];
  expect(parts.labels).toEqual(together.labels);
  expect(parts.pairs).toEqual(together.pairs);
  for (const [name, value] of Object.entries(together.losses)) {
    const other = parts.losses[name as keyof StepResult["losses"]]!;
    expect(Math.abs(other / value! - 1), name).toBeLessThan(1e-5);
  }
  // The gate of the dense energy is computed from the merged label.
  expect((await step(0, null)).losses.energy).not.toBe(together.losses.energy);
});

test("training in a device's memory ends where that in place does", async () => {
  const there = await train(trainee(pretendDevice().runtime), [30, whole]);
  const here = await train(trainee(nodeRuntime()), [30, whole]);
  expect(there.results[0]!.labels).toEqual(here.results[0]!.labels);
  here.results.forEach(({ losses, pairs }, step) => {
    const other = there.results[step]!;
    expect(other.losses.total / losses.total).toBeCloseTo(1, 4);
    expect(other.pairs!.positive / pairs!.positive).toBeCloseTo(1, 1);
  });
  for (const name of ["classifier.weight", "decoder.linear_pred.weight"]) {
    const [a, b] = [there, here].map(({ tensors }) => tensors[name]!.data as Float32Array);
    expect(normError(a!, b!), name).toBeLessThan(1e-3);
  }
});
