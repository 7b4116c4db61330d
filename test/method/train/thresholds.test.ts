import { expect, test } from "vitest";
import { parseConfig, type Config } from "../../../src/method/config.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import type { NdArray } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import type { Thresholds } from "../../../src/method/labels/index.ts";
import type {
  ThresholdsEvent,
  TrainEvent,
  TrainingState,
} from "../../../src/method/train/events.ts";
import { LabelMaker } from "../../../src/method/train/labels.ts";
import { chooseThresholds, measureFit } from "../../../src/method/train/threshold-fit.ts";
import { trainNetwork, type TrainNetworkOptions } from "../../../src/method/train/trainer.ts";
import { pretendDevice } from "./pretend-device.ts";

const scenes = Array.from({ length: 8 }, (_, index) => generateScene({ seed: 5, index, size: 64 }));

function configOf(thresholds: string, set: Record<string, unknown> = {}): Config {
  return parseConfig({
    preset: "small",
    set: {
      ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16 },
      ...{ "data.crop": 64, "data.batch": 2, "eval.minSide": 0, "pseudo.radius": 1 },
      ...{ "train.steps": 5, "train.camSteps": 1, "train.affinitySteps": 3 },
      ...{ "train.validateEvery": 0, "train.checkpointEvery": 1, "pseudo.thresholds": thresholds },
      ...set,
    },
  });
}

/** Runs a training; copies of its checkpoints, its event of thresholds, and the thresholds of its labels. */
async function trained(config: Config, options: Partial<TrainNetworkOptions> = {}) {
  const used: (Thresholds | undefined)[] = [];
  const events: TrainEvent[] = [];
  const states: TrainingState[] = [];
  const training = trainNetwork({
    ...{ runtime: nodeRuntime(), config, classes: sceneClasses, now: () => 0, thresholdCrops: 4 },
    batches: {
      next: async (step) => {
        const pair = [scenes[(2 * step) % 8]!, scenes[(2 * step + 1) % 8]!];
        const tags = new Float32Array(2 * 4);
        pair.forEach((scene, i) => scene.tags.forEach((c) => (tags[4 * i + c] = 1)));
        return {
          ...{ names: ["a", "b"], size: 2, crop: 64, tags },
          images: Uint8Array.from(pair.flatMap(({ image }) => [...image.data])),
          boxes: Int32Array.of(0, 64, 0, 64, 0, 48, 16, 64),
        };
      },
    },
    createLabelSource: (network, parameters) => {
      const maker = new LabelMaker(nodeRuntime(), network, parameters, config, () => 0);
      return {
        make: (inputs, phase, thresholds) => {
          if (inputs.length > 0) used.push(thresholds);
          return maker.make(inputs, phase, thresholds);
        },
        rest: () => maker.rest(),
      };
    },
    ...options,
  });
  for await (const event of training) {
    events.push(event);
    if (event.type !== "checkpoint") continue;
    const copies = Object.entries(event.state.tensors).map(
      ([name, { data, ...rest }]) => [name, { ...rest, data: data.slice() } as NdArray] as const,
    );
    states.push({ ...event.state, tensors: Object.fromEntries(copies) });
  }
  const measured = events.filter((event): event is ThresholdsEvent => event.type === "thresholds");
  return { used, states, measured, types: events.map(({ type }) => type) };
}

const automatic = await trained(configOf("auto"));

test("before the first labels the thresholds are chosen, and the labels and the checkpoints have them", () => {
  const { used, states, measured, types } = automatic;
  const [event] = measured;
  expect(measured).toHaveLength(1);
  expect(event).toMatchObject({ step: 2, chosen: true });
  const { low, high, ignored, tagsWithoutPixels, areas } = event!;
  expect(high - low).toBeCloseTo(0.2, 9);
  expect([low, high]).not.toEqual([0.45, 0.65]);
  expect(ignored).toBeGreaterThan(0);
  expect(ignored).toBeLessThan(1);
  expect(tagsWithoutPixels).toBeLessThanOrEqual(1);
  expect(areas).toHaveLength(4);
  expect(types.indexOf("thresholds")).toBe(4); // before the checkpoint of the second step
  expect(used.map((pair) => [pair!.low, pair!.high])).toEqual([
    [low, high],
    [low, high],
    [low, high],
  ]);
  const pairs = states.map(({ metadata }) => {
    const { pseudo } = JSON.parse(metadata["config"]!) as Config;
    return [pseudo.thresholds, pseudo.lowThreshold, pseudo.highThreshold];
  });
  expect(pairs).toEqual([["auto", 0.45, 0.65], ...Array(4).fill(["auto", low, high])]);
});

test("a run resumed before or after the choice has the same pair and the same bits", async () => {
  const { states, measured } = automatic;
  for (const resume of [states[0]!, states[1]!, states[3]!]) {
    const again = await trained(configOf("auto"), { resume });
    expect(again.states.at(-1), `from step ${resume.step}`).toEqual(states.at(-1));
    expect(again.measured).toEqual(resume.step < 2 ? measured : []);
  }
});

test("a run resumed without a pair chooses it at once", async () => {
  const state = automatic.states[2]!;
  const older = Object.entries(state.metadata).filter(([key]) => key !== "thresholds");
  const metadata = { ...Object.fromEntries(older), config: JSON.stringify(configOf("auto")) };
  const resume = { ...state, metadata };
  const { measured, types } = await trained(configOf("auto"), { resume });
  expect(measured).toMatchObject([{ step: 3, chosen: true }]);
  expect(types.slice(0, 3)).toEqual(["start", "thresholds", "step"]);
});

test("fixed thresholds are judged too; with those that were chosen, the training has the same bits", async () => {
  const { low, high } = automatic.measured[0]!;
  const set = { "pseudo.lowThreshold": low, "pseudo.highThreshold": high };
  const { measured, states } = await trained(configOf("fixed", set));
  expect(measured).toEqual([{ ...automatic.measured[0], chosen: false }]);
  expect(states.at(-1)!.tensors).toEqual(automatic.states.at(-1)!.tensors);
});

test("on a device with memory of its own the weights of the moment are judged", async () => {
  const { runtime } = pretendDevice();
  const { measured } = await trained(configOf("auto"), { runtime });
  expect(measured[0]!.low).toBeCloseTo(automatic.measured[0]!.low, 1);
  expect(measured[0]!.chosen).toBe(true);
});

test("a run without a step of labels is judged at its end", async () => {
  const set = { "train.steps": 2, "train.camSteps": 2, "train.affinitySteps": 2 };
  const { measured, types } = await trained(configOf("auto", set));
  expect([measured[0]!.step, types.at(-1)]).toEqual([2, "done"]);
});

test("crops without tags give no thresholds, and a fit without tags", () => {
  const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3) };
  const crop = { image, classes: [], box: [0, 64, 0, 64] as const, scales: [] };
  const config = configOf("auto");
  expect(chooseThresholds([], config)).toBeNull();
  expect(chooseThresholds([crop], config)).toBeNull();
  const fit = { ignored: 0, tagsWithoutPixels: 0, areas: [null, null] };
  expect(measureFit([crop], { low: 0.4, high: 0.6 }, config, 2)).toEqual(fit);
});
