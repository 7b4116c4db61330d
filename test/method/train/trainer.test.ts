import { expect, test } from "vitest";
import { parseConfig, type Config } from "../../../src/method/config.ts";
import type { Batch, Sample } from "../../../src/method/data/sample.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { ActivationPass } from "../../../src/method/inference/activations.ts";
import { evaluate, type EvaluatorOptions } from "../../../src/method/eval/evaluator.ts";
import { Predictor } from "../../../src/method/inference/predictor.ts";
import { float32, type NdArray } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import type {
  CheckpointEvent,
  TrainEvent,
  TrainingState,
} from "../../../src/method/train/events.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { LabelMaker } from "../../../src/method/train/labels.ts";
import { trainNetwork, type TrainNetworkOptions } from "../../../src/method/train/trainer.ts";
import { countingRuntime } from "../../counting-runtime.ts";

const scenes = Array.from({ length: 8 }, (_, index) => generateScene({ seed: 5, index, size: 64 }));
const samples: Sample[] = scenes.map(({ tags }, i) => ({
  name: `s${i}`,
  image: String(i),
  mask: String(i),
  tags,
}));
const validation = {
  samples: samples.slice(0, 2),
  reader: {
    readImage: async ({ image }: Sample) => scenes[Number(image)]!.image,
    readMask: async ({ image }: Sample) => scenes[Number(image)]!.mask,
  },
};

function configOf(set: Record<string, unknown> = {}): Config {
  return parseConfig({
    preset: "small",
    set: {
      "model.backbone": "mit_tiny",
      "model.decoderWidth": 16,
      "model.dropPath": 0.1,
      "model.dropout": 0.1,
      "data.crop": 64,
      "data.batch": 2,
      "eval.minSide": 0,
      "pseudo.radius": 1,
      "train.steps": 9,
      "train.camSteps": 2,
      "train.affinitySteps": 5,
      "train.validateEvery": 4,
      "train.checkpointEvery": 2,
      ...set,
    },
  });
}

/** Two whole scenes a step, with their tags or with none. */
function batchOf(step: number, tagged = true): Batch {
  const pair = [scenes[(2 * step) % 8]!, scenes[(2 * step + 1) % 8]!];
  const tags = new Float32Array(2 * 4);
  if (tagged) pair.forEach((scene, i) => scene.tags.forEach((c) => (tags[4 * i + c] = 1)));
  return {
    names: ["a.png", "b.png"],
    size: 2,
    crop: 64,
    images: Uint8Array.from(pair.flatMap(({ image }) => [...image.data])),
    tags,
    boxes: Int32Array.of(0, 64, 0, 64, 0, 48, 16, 64),
  };
}

function run(options: Partial<TrainNetworkOptions> = {}): AsyncGenerator<TrainEvent> {
  return trainNetwork({
    runtime: nodeRuntime(),
    config: configOf(),
    classes: sceneClasses,
    batches: { next: async (step) => batchOf(step) },
    validation,
    now: () => 0,
    panels: 1,
    thresholdCrops: 2,
    ...options,
  });
}

/** A state that later steps do not change. */
function copyOf({ step, metadata, tensors }: TrainingState): TrainingState {
  const copies = Object.entries(tensors).map(([name, { data, ...rest }]) => [
    name,
    { ...rest, data: data.slice() } as NdArray,
  ]);
  return { step, metadata, tensors: Object.fromEntries(copies) as Record<string, NdArray> };
}

async function statesOf(events: AsyncGenerator<TrainEvent>): Promise<TrainingState[]> {
  const states: TrainingState[] = [];
  for await (const event of events)
    if (event.type === "checkpoint") states.push(copyOf(event.state));
  return states;
}

test("a run resumed from any checkpoint ends with the same bits as one that never stopped", async () => {
  const states = await statesOf(run());
  const last = states.at(-1)!;
  expect(last.step).toBe(9);
  for (const resume of states.slice(0, -1)) {
    const again = (await statesOf(run({ resume }))).at(-1)!;
    expect(again, `from step ${resume.step}`).toEqual(last);
  }
}, 120_000);

test("the phases follow one another and each reports the losses that it trains", async () => {
  const steps: [string, boolean][] = [];
  const kinds: string[] = [];
  for await (const event of run()) {
    kinds.push(event.type);
    if (event.type === "step") steps.push([event.phase, event.losses.seg !== null]);
  }
  expect(steps.map(([phase]) => phase)).toEqual([
    ...Array<string>(3).fill("classification"),
    ...Array<string>(3).fill("pseudo"),
    ...Array<string>(3).fill("affinity"),
  ]);
  expect(steps.map(([, full]) => full)).toEqual(steps.map(([phase]) => phase !== "classification"));
  expect(kinds.filter((kind) => kind === "validation")).toHaveLength(3); // after 4, 8 and 9
  expect([kinds[0], kinds.at(-1)]).toEqual(["start", "done"]);
});

test("events tell every step; validations and checkpoints come when due and in the end", async () => {
  const { runtime: counted, open } = countingRuntime();
  const asked: [classes: number, images: number][] = [];
  let closed = 0;
  const settings = {
    ...{ "train.steps": 4, "train.affinitySteps": 4 },
    ...{ "train.validateEvery": 0, "train.checkpointEvery": 3 },
  };
  const events: [type: string, step: number, open: number][] = [];
  const all: TrainEvent[] = [];
  const training = run({
    config: configOf({ ...settings, "eval.maxImages": 3 }),
    runtime: counted,
    validation: { ...validation, samples: samples.slice(0, 5) },
    panels: 2,
    createValidationRuntime: (network, images) => {
      asked.push([network.classes, images]);
      return { ...counted, width: 2, close: async () => void closed++ };
    },
  });
  for await (const event of training) {
    all.push(event);
    events.push([event.type, "step" in event ? event.step : event.done, open()]);
  }
  // Sessions that are open: the step's; at step 3, with all losses, also that of the activations.
  expect(events).toEqual([
    ["start", 0, 0],
    ...[0, 1, 2].map((step) => ["step", step, 1]),
    ["thresholds", 3, 0],
    ["checkpoint", 3, 0],
    ["step", 3, 2],
    ...[1, 2, 3].map((done) => ["validating", done, expect.any(Number)]),
    ["validation", 4, 0],
    ["checkpoint", 4, 0],
    ["done", 4, 0],
  ]);
  expect([asked, open(), closed]).toEqual([[[4, 3]], 0, 1]);
  const network = networkOf(configOf(), sceneClasses);
  expect(all[0]).toMatchObject({ steps: 4, parameters: network.size, classes: sceneClasses });
  expect(all[1]).toMatchObject({ steps: 4, images: 2, phase: "classification" });
  const validated = all.find((event) => event.type === "validation")!;
  expect([validated.panels.map(({ name }) => name), validated.skipped]).toEqual([["s0", "s1"], []]);
  const [first, last] = all.filter((event) => event.type === "checkpoint") as CheckpointEvent[];
  expect([first!.best, last!.best]).toEqual([false, true]);
  expect(first!.state.metadata).toMatchObject({ step: "3", best: "-1", validationOwed: "false" });
  expect(last!.state.metadata).toMatchObject({
    ...{ step: "4", best: String(validated.metrics.seg), validationOwed: "false" },
    classes: JSON.stringify(sceneClasses),
  });
});

test("a source of labels that is passed in makes them from the network's own weights", async () => {
  const made: [images: number, phase: string][] = [];
  let rests = 0;
  const config = configOf({ "train.steps": 4, "train.affinitySteps": 4 });
  const kinds: string[] = [];
  const training = run({
    config,
    validation: { ...validation, samples: [] },
    createLabelSource: (network, parameters) => {
      const maker = new LabelMaker(nodeRuntime(), network, parameters, config, () => 0);
      return {
        make: (inputs, phase) => {
          made.push([inputs.length, phase]);
          return maker.make(inputs, phase);
        },
        rest: async () => {
          rests++;
          await maker.rest();
        },
      };
    },
  });
  for await (const event of training) kinds.push(event.type);
  // In the first phase there is nothing to label.
  expect(made).toEqual([...Array.from({ length: 3 }, () => [0, "classification"]), [2, "pseudo"]]);
  expect([rests, kinds.includes("validation"), kinds.at(-1)]).toEqual([2, false, "done"]);
});

test("batches of images without any tags are trained on without error", async () => {
  const losses: number[] = [];
  for await (const event of run({ batches: { next: async (step) => batchOf(step, false) } })) {
    if (event.type === "step") losses.push(event.losses.total);
  }
  expect(losses).toHaveLength(9);
  expect(losses.every(Number.isFinite)).toBe(true);
});

test("NaN stops the run with the step and the name of the loss", async () => {
  const config = configOf();
  const weights = networkOf(config, sceneClasses).initialize(0);
  (weights["classifier.weight"]!.data as Float32Array)[3] = NaN;
  const broken = statesOf(run({ initial: { "classifier.weight": weights["classifier.weight"]! } }));
  await expect(broken).rejects.toThrow(/step 0: the cls loss is NaN \(images a\.png, b\.png\)/);
});

test("when stopped, it finishes the step, makes a checkpoint and ends", async () => {
  const events: TrainEvent[] = [];
  for await (const event of run({ stop: () => true })) events.push(event);
  expect(events.map((event) => event.type)).toEqual(["start", "step", "checkpoint"]);
  expect((events.at(-1) as CheckpointEvent).step).toBe(1);
});

test("when stopped during a validation, it repeats the validation when it resumes", async () => {
  const whole = (await statesOf(run())).at(-1)!;
  let seen = false;
  let stopped: TrainingState | undefined;
  for await (const event of run({ stop: () => seen })) {
    if (event.type === "validating") seen = true;
    expect(event.type).not.toBe("validation");
    if (event.type === "checkpoint") stopped = copyOf(event.state);
  }
  expect(stopped!.step).toBe(4);
  const kinds: string[] = [];
  let last: TrainingState | undefined;
  for await (const event of run({ resume: stopped! })) {
    kinds.push(event.type);
    if (event.type === "checkpoint") last = copyOf(event.state);
  }
  expect(kinds.find((kind) => kind !== "start" && kind !== "validating")).toBe("validation");
  expect(last).toEqual(whole);
});

test("a checkpoint with other classes or of a longer run is refused", async () => {
  const state = (await statesOf(run({ stop: () => true })))[0]!;
  await expect(statesOf(run({ resume: state, classes: ["a", "b", "c", "d"] }))).rejects.toThrow(
    /learned the classes \["ball","star","leaf","crate"\], the data has \["a","b","c","d"\]/,
  );
  await expect(statesOf(run({ resume: { ...state, step: 10 } }))).rejects.toThrow(
    /step 10.*9 steps/,
  );
});

/** A truth whose first `marked` of 64 rows are class 1 and the others background. */
function truthOf(marked: number): LabelMap {
  return { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(1, 0, marked * 64) };
}

test("the best checkpoint is the one with the best segmentation so far; an equal one is not better", async () => {
  // The bias makes all pixels class 1: its IoU is the share of the truth, that of background is 0.
  const marked = [16, 32, 32, 8, 48];
  let validations = 0;
  const readMask = async (): Promise<LabelMap> => truthOf(marked[validations++]!);
  const scripted = run({
    config: configOf({ "train.steps": 5, "train.validateEvery": 1, "train.checkpointEvery": 1 }),
    initial: { "decoder.linear_pred.bias": float32([5], [0, 100, 0, 0, 0]) },
    validation: { samples: samples.slice(0, 1), reader: { ...validation.reader, readMask } },
  });
  const scores: number[] = [];
  const checkpoints: [best: boolean, soFar: number][] = [];
  for await (const event of scripted) {
    if (event.type === "validation") scores.push(event.metrics.seg);
    if (event.type === "checkpoint")
      checkpoints.push([event.best, Number(event.state.metadata["best"])]);
  }
  expect(scores).toEqual([0.125, 0.25, 0.25, 0.0625, 0.375]);
  expect(checkpoints).toEqual([
    [true, 0.125],
    [true, 0.25],
    [false, 0.25],
    [false, 0.25],
    [true, 0.375],
  ]);
});

test("training ends when the tags are no longer predicted better, and a resumed one at the same step", async () => {
  const set = {
    "train.steps": 9,
    "train.camSteps": 0,
    "train.affinitySteps": 1,
    "train.lr": 1e-12,
  };
  const often = { "train.validateEvery": 1, "train.checkpointEvery": 1 };
  const config = configOf({ ...set, ...often, "train.patience": 2 });
  const types: string[] = [];
  const states: TrainingState[] = [];
  for await (const event of run({ config })) {
    if (event.type === "checkpoint") states.push(copyOf(event.state));
    if (event.type === "done") types.push(`done after ${event.step}`);
  }
  // Nothing is learned: the validation after step 1 is the best, the two after it are no better.
  expect([states.at(-1)!.step, types]).toEqual([3, ["done after 3"]]);
  const resumed = await statesOf(run({ config, resume: states[1]! }));
  expect(resumed.at(-1)).toEqual(states.at(-1));
  // A run that is over stays over.
  expect(await statesOf(run({ config, resume: states.at(-1)! }))).toEqual([]);
});

test("without masks the best checkpoint is the one with the best F1 of the tags", async () => {
  const unmasked = samples.slice(0, 4).map(({ mask: _, ...sample }) => sample);
  const events: TrainEvent[] = [];
  const config = configOf({ "train.steps": 1, "train.camSteps": 1, "train.affinitySteps": 1 });
  for await (const event of run({ config, validation: { ...validation, samples: unmasked } })) {
    events.push(event);
  }
  const scored = events.find((event) => event.type === "validation")!;
  const saved = events.find((event) => event.type === "checkpoint")!;
  expect(scored.metrics.seg).toBeNaN();
  expect(scored.metrics.tagF1).toBeGreaterThan(0);
  expect([saved.best, Number(saved.state.metadata["best"])]).toEqual([true, scored.metrics.tagF1]);
});

test.each([
  ["eval.flip", { flip: true }],
  ["eval.scales", { scales: [0.5, 1] }],
])("validations look at images as %s asks", async (key, views) => {
  const phases = { "train.steps": 1, "train.camSteps": 1, "train.affinitySteps": 1 };
  const config = configOf({ ...phases, [key]: Object.values(views)[0] });
  let scores: unknown;
  let state: TrainingState | undefined;
  for await (const event of run({ config })) {
    if (event.type === "validation") scores = event.metrics;
    if (event.type === "checkpoint") state = event.state;
  }
  const network = networkOf(config, sceneClasses);
  const measure = async (options: Partial<EvaluatorOptions>) => {
    const predictor = Predictor.of(nodeRuntime(), network, state!.tensors);
    const pass = new ActivationPass(nodeRuntime(), network, state!.tensors, config.pseudo);
    const networks = { predictor, activations: pass };
    const steps = evaluate(validation.samples, validation.reader, networks, {
      ...{ config, classes: sceneClasses },
      ...options,
    });
    let next = await steps.next();
    while (!next.done) next = await steps.next();
    await predictor.release();
    await pass.release();
    return next.value.metrics;
  };
  expect(scores).toEqual(await measure(views));
  expect(scores).not.toEqual(await measure({}));
});

test("the seconds of the parts of a step with labels sum to its total", async () => {
  let clock = 0;
  // Every reading of the clock is a second after the one before.
  for await (const event of run({
    now: () => clock++,
    validation: { ...validation, samples: [] },
  })) {
    if (event.type !== "step" || event.phase === "classification") continue;
    const { data, cam, labels, network, optimizer, total } = event.seconds;
    expect([data, optimizer]).toEqual([1, 1]);
    expect(data + cam + labels + network + optimizer).toBeCloseTo(total, 9);
    // One reading before the activations of a crop, one after them, one after its labels.
    expect(labels).toBeCloseTo(cam, 9);
  }
});
