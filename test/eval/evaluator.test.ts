import { expect, test } from "vitest";
import { parseConfig } from "../../src/config.ts";
import type { Sample, SampleReader } from "../../src/data/sample.ts";
import { generateScene, sceneClasses } from "../../src/data/scenes.ts";
import { ActivationPass } from "../../src/eval/activations.ts";
import { evaluate } from "../../src/eval/evaluator.ts";
import { labelsOf, Predictor } from "../../src/eval/predictor.ts";
import { resize } from "../../src/pseudo/index.ts";
import { networkOf } from "../../src/train/trainer.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { UserError } from "../../src/user-error.ts";

const config = parseConfig({ preset: "small", set: { "model.backbone": "mit_tiny" } });
const scenes = [0, 1, 2].map((index) => generateScene({ seed: 1, index, size: 64 }));
const samples: Sample[] = scenes.map(({ tags }, i) => ({
  name: `s${i}`,
  image: String(i),
  mask: String(i),
  tags,
}));
const reader: SampleReader = {
  readImage: async ({ image }) => scenes[Number(image)]!.image,
  readMask: async ({ image }) => scenes[Number(image)]!.mask,
};

async function scoresOf(read: SampleReader, given: readonly Sample[] = samples, longSide?: number) {
  const network = networkOf(config, sceneClasses);
  const parameters = network.initialize(1);
  const runtime = nodeRuntime();
  const networks = {
    predictor: new Predictor(runtime, network, parameters),
    activations: new ActivationPass(runtime, network, parameters, config.pseudo),
  };
  const options = { config, classes: sceneClasses, panels: 2, ...(longSide && { longSide }) };
  const run = evaluate(given, read, networks, options);
  let next = await run.next();
  while (!next.done) next = await run.next();
  await networks.predictor.release();
  await networks.activations.release();
  return next.value;
}

test("an image that cannot be read is left out, told and not counted", async () => {
  const whole = await scoresOf(reader, samples.slice(0, 2));
  const broken = await scoresOf({
    ...reader,
    readImage: async (sample) => {
      if (sample.name === "s2") throw new UserError("s2.jpg: is broken");
      return reader.readImage(sample);
    },
  });
  expect(broken).toMatchObject({ images: 2, masks: 2, skipped: ["s2.jpg: is broken"] });
  expect(broken.metrics).toEqual(whole.metrics);
});

test("an image without tags or mask is evaluated for its tags only", async () => {
  const scores = await scoresOf(reader, [{ name: "s0", image: "0", tags: [] }]);
  expect(scores).toMatchObject({ images: 1, masks: 0 });
  expect(scores.metrics.seg).toBeNaN();
  expect(scores.panels[0]!.cam.data.every((label) => label === 0)).toBe(true);
});

test("predictions have the image's own size whatever size the network saw", async () => {
  const { panels } = await scoresOf(reader, samples, 96);
  expect(panels).toHaveLength(2);
  for (const { image, prediction, label } of panels) {
    expect([prediction.width, prediction.height]).toEqual([image.width, image.height]);
    expect(label.data).toHaveLength(image.width * image.height);
  }
});

test("labels are those of the highest logit after resizing, the first of equals", () => {
  const data = Float32Array.of(0, 1, 2, 3, 3, 2, 1, 0, 3, 1, 2, 0);
  const logits = { count: 3, width: 2, height: 2, data };
  const all = resize(logits, 5, 3).data;
  const expected = Array.from({ length: 15 }, (_, p) => {
    const values = [0, 1, 2].map((k) => all[k * 15 + p]!);
    return values.indexOf(Math.max(...values));
  });
  expect([...labelsOf(logits, 5, 3).data]).toEqual(expected);
});
