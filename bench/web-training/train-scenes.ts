import type { Runtime } from "../../src/engine/graph/index.ts";
import type { Host } from "../../src/host/host.ts";
import { parseConfig } from "../../src/method/config.ts";
import type { Sample, SampleReader } from "../../src/method/data/sample.ts";
import { generateScene, sceneClasses, type Scene } from "../../src/method/data/scenes.ts";
import { BatchLoader } from "../../src/method/train/batch-loader.ts";
import { trainNetwork } from "../../src/method/train/trainer.ts";

export interface SceneTraining {
  readonly steps: number;
  readonly seed: number;
  /** Scenes to train on, and to validate on. */
  readonly images: number;
  readonly validation: number;
}

export interface SceneResult {
  /** Mean IoU of the validation at the end, in percent. */
  readonly meanIou: number;
  /** Total loss of every step. */
  readonly losses: readonly number[];
  /** Seconds of the steps, and of the whole training. */
  readonly stepSeconds: number;
  readonly seconds: number;
}

/** Side of the scenes and of the crops, in pixels. */
const side = 96;

/**
 * Trains the preset `small` on scenes of 96 pixels that are drawn in memory: the same on every host, up to the rounding of its
 * runtime.
 */
export async function trainScenes(
  runtime: Runtime,
  { steps, seed, images, validation }: SceneTraining,
  now: () => number,
): Promise<SceneResult> {
  const phases = { "train.camSteps": steps / 4, "train.affinitySteps": steps / 2 };
  const sizes = { "data.crop": side, "data.maxSide": 120, "data.workers": 0 };
  const evaluation = { "eval.longSide": side, "eval.minSide": side, "eval.maxSide": side };
  const ends = { "train.validateEvery": 0, "train.checkpointEvery": 0 };
  const settings = { "train.steps": steps, "train.warmupSteps": steps / 10, "train.seed": seed };
  const config = parseConfig({
    preset: "small",
    set: { ...settings, ...phases, ...sizes, ...evaluation, ...ends },
  });
  const drawn = new Map<string, Scene>();
  const sceneOf = (name: string): Scene => {
    let scene = drawn.get(name);
    if (!scene) drawn.set(name, (scene = generateScene({ seed, index: Number(name), size: side })));
    return scene;
  };
  const samples = Array.from({ length: images + validation }, (_, index): Sample => {
    const name = String(index);
    return { name, image: name, tags: sceneOf(name).tags, mask: name };
  });
  const codec = { decode: (name: string) => Promise.resolve(sceneOf(name).image) };
  const reader: SampleReader = {
    readImage: ({ name }) => Promise.resolve(sceneOf(name).image),
    readMask: ({ name }) => Promise.resolve(sceneOf(name).mask),
  };
  const { data } = config;
  const batches = new BatchLoader(
    { codec } as unknown as Pick<Host, "codec" | "workers">,
    samples.slice(0, images),
    sceneClasses.length,
    { ...data, seed },
  );
  const start = now();
  const losses: number[] = [];
  let [meanIou, stepSeconds] = [NaN, 0];
  const training = trainNetwork({
    ...{ runtime, config, classes: sceneClasses, batches, now, panels: 0 },
    validation: { samples: samples.slice(images), reader },
  });
  for await (const event of training) {
    if (event.type === "step") {
      losses.push(event.losses.total);
      stepSeconds += event.seconds.total;
    }
    if (event.type === "validation") meanIou = 100 * event.metrics.seg;
  }
  await batches.close();
  return { meanIou, losses, stepSeconds, seconds: now() - start };
}
