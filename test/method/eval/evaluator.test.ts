import { describe, expect, test } from "vitest";
import { float32 } from "../../../src/engine/graph/index.ts";
import { parseConfig } from "../../../src/method/config.ts";
import type { Sample, SampleReader } from "../../../src/method/data/sample.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { ActivationPass } from "../../../src/method/inference/activations.ts";
import {
  evaluate,
  type EvaluationProgress,
  type EvaluatorOptions,
  type ImageResult,
} from "../../../src/method/eval/evaluator.ts";
import {
  evaluateStages,
  type StageExample,
  type StageScores,
} from "../../../src/method/eval/stages.ts";
import { labelsOf } from "../../../src/method/images/labels-of-logits.ts";
import { Predictor } from "../../../src/method/inference/predictor.ts";
import { resizeMaps } from "../../../src/method/images/resize-maps.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { SessionPool } from "../../../src/host/node/workers/session-pool.ts";
import { UserError } from "../../../src/user-error.ts";

const config = parseConfig({
  preset: "small",
  set: { "model.backbone": "mit_tiny", "eval.minSide": 0 },
});
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

async function scoresOf(
  read: SampleReader,
  given: readonly Sample[] = samples,
  more: Partial<EvaluatorOptions> = {},
  onProgress: (progress: EvaluationProgress) => void = () => undefined,
) {
  const network = networkOf(config, sceneClasses);
  const parameters = network.initialize(1);
  const { lanes = 1 } = more;
  const pool = lanes > 1 ? new SessionPool({ lanes, threads: 1 }) : null;
  const runtime = pool ?? nodeRuntime();
  const frozen = pool !== null;
  const networks = {
    predictor: Predictor.of(runtime, network, parameters, { frozen }),
    activations: new ActivationPass(runtime, network, parameters, { ...config.pseudo, frozen }),
  };
  const options = { config, classes: sceneClasses, panels: 2, ...more };
  const run = evaluate(given, read, networks, options);
  let next = await run.next();
  for (; !next.done; next = await run.next()) onProgress(next.value);
  await networks.predictor.release();
  await networks.activations.release();
  await pool?.close();
  return next.value;
}

describe("with a network that reads its labels off the image", () => {
  // Levels of red are 50 times the label to predict; green is the tag's logit plus 100.
  const classes = ["a", "b"];
  const { data, pseudo, eval: evaluation } = config;
  const raw: typeof data = { ...data, mean: [0, 100, 0], std: [50, 1, 1] };
  const settings = { data: raw, pseudo, eval: evaluation };
  const predictor = new Predictor({
    async run({ shape, data: values }) {
      const [n, , height, width] = shape as [number, number, number, number];
      const area = height * width;
      const pixels = values as Float32Array;
      const seg = new Float32Array(3 * area);
      for (let p = 0; p < area; p++) seg[Math.round(pixels[p]!) * area + p] = 9;
      return {
        clsLogits: float32([n, 2], [pixels[area]!, -1]),
        segLogits: float32([n, 3, height, width], seg),
      };
    },
    warmUp: () => undefined,
    release: async () => undefined,
  });
  const side = 32;
  /** An image whose first rows are predicted as the label, and whose first class is predicted or not. */
  const pictureOf = (label: number, rows: number, tagged: boolean) => {
    const pixels = new Uint8Array(3 * side * side);
    for (let p = 0; p < side * side; p++) {
      pixels[3 * p] = p < rows * side ? 50 * label : 0;
      pixels[3 * p + 1] = tagged ? 101 : 99;
    }
    return { width: side, height: side, data: pixels };
  };
  const pictures: Record<string, ReturnType<typeof pictureOf>> = {
    right: pictureOf(1, 16, true),
    half: pictureOf(1, 8, true),
    other: pictureOf(2, 16, false),
    unmasked: pictureOf(1, 16, true),
    untagged: pictureOf(1, 16, false),
  };
  const truth = { width: side, height: side, data: new Uint8Array(side * side).fill(1, 0, 512) };
  const samplesOf = (...names: string[]): Sample[] =>
    names.map((name) => ({
      ...{ name, image: name, tags: name === "untagged" ? [] : [0] },
      ...(name === "untagged" && { untagged: true as const }),
      ...(name !== "unmasked" && { mask: name }),
    }));
  const files: SampleReader = {
    readImage: async ({ image }) => {
      const picture = pictures[image];
      if (!picture) throw new UserError(`${image}: no such file`);
      return picture;
    },
    readMask: async () => truth,
  };

  async function evaluated(given: readonly Sample[], more: Partial<EvaluatorOptions> = {}) {
    const run = evaluate(given, files, { predictor }, { config: settings, classes, ...more });
    const progress: EvaluationProgress[] = [];
    let next = await run.next();
    for (; !next.done; next = await run.next()) progress.push(next.value);
    return { scores: next.value, progress };
  }

  test("scores are those of all pixels together, the F1 is the mean over images with tags", async () => {
    const given = samplesOf("right", "half", "other", "gone", "unmasked", "untagged");
    const { scores, progress } = await evaluated(given, { panels: 3 });
    // Of the truth's 4 × 512 pixels of class 1: right 512, half 256, other none, untagged 512.
    const [right, background] = [512 + 256 + 512, 4 * 512];
    const iou = [background / (background + 256), right / 2048, 0];
    scores.perClass.seg.forEach((value, c) => expect(value).toBeCloseTo(iou[c]!, 12));
    expect(scores.metrics.seg).toBeCloseTo((iou[0]! + iou[1]!) / 2, 12);
    expect(scores.accuracy.pixel).toBeCloseTo((right + background) / 4096, 12);
    expect(scores.accuracy.mean).toBeCloseTo((1 + right / 2048) / 2, 12);
    expect(scores.metrics.tagF1).toBe(3 / 4);
    expect(scores).toMatchObject({ images: 5, masks: 4, skipped: ["gone: no such file"] });
    // An exported model has neither activations nor panels.
    expect([scores.metrics.cam, scores.metrics.affinityCam]).toEqual([NaN, NaN]);
    expect([scores.panels, scores.matrices.crf]).toEqual([[], undefined]);
    expect(progress).toMatchObject(given.map((_, i) => ({ done: i + 1, total: 6 })));
  });

  test("results of single images come only where they are asked for, and only with a true mask", async () => {
    const given = samplesOf("half", "gone", "unmasked", "right");
    const { progress } = await evaluated(given, { results: true });
    expect(progress.map(({ result }) => result?.sample.name)).toEqual([
      ...["half", undefined, undefined, "right"],
    ]);
    const [half, , , right] = progress.map(({ result }) => result);
    expect(half!.meanIou).toBeCloseTo((512 / 768 + 256 / 512) / 2, 12);
    expect(right!.meanIou).toBe(1);
    expect(half).toMatchObject({ image: pictures["half"], truth });
    expect(half!.prediction.data.filter((label) => label === 1)).toHaveLength(256);
  });

  test("a CRF is scored by itself and decides the results, for images with a true mask only", async () => {
    const refined: string[] = [];
    const crf: EvaluatorOptions["crf"] = async (image) => {
      refined.push(Object.entries(pictures).find(([, picture]) => picture === image)![0]);
      return truth;
    };
    const given = samplesOf("half", "unmasked", "right");
    const { scores, progress } = await evaluated(given, { results: true, crf });
    expect(refined).toEqual(["half", "right"]);
    expect(scores.matrices.crf!.rows()).toEqual([
      [1024, 0, 0],
      [0, 1024, 0],
      [0, 0, 0],
    ]);
    expect(scores.perClass.seg[1]).toBe(768 / 1024);
    expect(progress[0]!.result!.meanIou).toBe(1);
    expect(progress[0]!.result!.prediction).toBe(truth);
  });

  test("stages of an exported model are scored over images with a true mask and tags", async () => {
    const given = samplesOf("half", "unmasked", "untagged", "gone", "other");
    const options = { config: settings, classes, scales: [1], flip: false };
    const run = evaluateStages(given, files, { predictor }, { ...options, crf: async () => truth });
    const progress: EvaluationProgress[] = [];
    let next = await run.next();
    for (; !next.done; next = await run.next()) progress.push(next.value);
    const { stages, tagF1, masks, skipped } = next.value;
    expect(stages.map(({ name, title }) => [name, title])).toEqual([
      ["seg", "segmentation"],
      ["views", "+ multi-scale, flip"],
      ["crf", "+ CRF"],
    ]);
    const iou = [1024 / (1024 + 256), 256 / 1024, 0];
    for (const { perClass, meanIou } of stages.slice(0, 2)) {
      perClass.forEach((value, c) => expect(value).toBeCloseTo(iou[c]!, 12));
      expect(meanIou).toBeCloseTo((iou[0]! + iou[1]!) / 2, 12);
    }
    expect(stages[2]!.perClass).toEqual([1, 1, NaN]);
    expect([tagF1, masks, skipped]).toEqual([0.5, 2, ["gone: no such file"]]);
    expect(progress).toMatchObject([1, 2, 3].map((done) => ({ done, total: 3 })));
  });
});

test("with several lanes the scores are the same, and so is the order of progress", async () => {
  const read: SampleReader = {
    ...reader,
    readImage: async (sample) => {
      if (sample.name === "broken") throw new UserError("broken.jpg: is broken");
      return reader.readImage(sample);
    },
  };
  const given = [samples[2]!, { ...samples[0]!, name: "broken" }, ...samples];
  const seen: Record<number, string[]> = { 1: [], 2: [] };
  const [one, two] = await Promise.all(
    [1, 2].map((lanes) =>
      scoresOf(read, given, { lanes, results: true }, ({ result }) =>
        seen[lanes]!.push(result?.sample.name ?? "none"),
      ),
    ),
  );
  // Sums over a core's own weights may differ in the last bit of an activation.
  const bare = ({ panels, ...scores }: NonNullable<typeof one>) => ({
    ...scores,
    panels: panels.map(({ heat, ...panel }) => ({ ...panel, heat: heat.data.length })),
  });
  expect(bare(two!)).toEqual(bare(one!));
  expect(one!.panels.map(({ name }) => name)).toEqual(["s2", "s0"]);
  for (const [i, { heat }] of one!.panels.entries()) {
    const other = two!.panels[i]!.heat.data;
    expect(heat.data.every((value, p) => Math.abs(value - other[p]!) < 1e-5)).toBe(true);
  }
  expect(seen[2]).toEqual(["s2", "none", "s0", "s1", "s2"]);
  expect(seen[2]).toEqual(seen[1]);
});

test("an untagged image counts neither for the tags nor for the labels that are made from tags", async () => {
  const known = await scoresOf(reader, samples.slice(0, 2));
  const unknown = { ...samples[2]!, tags: [], untagged: true } as const;
  const both = await scoresOf(reader, [unknown, ...samples.slice(0, 2)]);
  expect(both.images).toBe(3);
  expect([both.metrics.tagF1, both.metrics.cam]).toEqual([known.metrics.tagF1, known.metrics.cam]);
  expect(both.panels.map(({ name }) => name)).toEqual(["s0", "s1"]);
  expect((await scoresOf(reader, [unknown])).metrics.tagF1).toBeNaN();
});

test("an image that cannot be read is left out, reported and not counted", async () => {
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

test("predictions have the size of the image, whatever the size of the network's input", async () => {
  const { panels } = await scoresOf(reader, samples, { longSide: 96 });
  expect(panels).toHaveLength(2);
  for (const { image, prediction, label } of panels) {
    expect([prediction.width, prediction.height]).toEqual([image.width, image.height]);
    expect(label.data).toHaveLength(image.width * image.height);
  }
});

test("labels are those of the highest logit after resizing, the first of equal ones", () => {
  const data = Float32Array.of(0, 1, 2, 3, 3, 2, 1, 0, 3, 1, 2, 0);
  const logits = { count: 3, width: 2, height: 2, data };
  const all = resizeMaps(logits, 5, 3).data;
  const expected = Array.from({ length: 15 }, (_, p) => {
    const values = [0, 1, 2].map((k) => all[k * 15 + p]!);
    return values.indexOf(Math.max(...values));
  });
  expect([...labelsOf(logits, 5, 3).data]).toEqual(expected);
});

test("the labels of the CRF are scored separately, in order, while a few are refined at the same time", async () => {
  const done: (() => void)[] = [];
  let most = 0;
  // A CRF that knows the truth, and finishes the last first.
  const crf: EvaluatorOptions["crf"] = async (image) => {
    most = Math.max(most, done.length + 1);
    await new Promise<void>((resolve) => {
      done.push(resolve);
      setImmediate(() =>
        done
          .splice(0)
          .reverse()
          .forEach((finish) => finish()),
      );
    });
    return scenes.find((scene) => scene.image === image)!.mask;
  };
  const results: ImageResult[] = [];
  const options = { panels: 0, crf, ahead: 2, results: true };
  const evaluation = await scoresOf(reader, samples, options, ({ result }) => {
    if (result) results.push(result);
  });
  const plain = await scoresOf(reader);
  expect(most).toBeLessThanOrEqual(3);
  expect(evaluation.metrics).toEqual(plain.metrics);
  expect(evaluation.matrices.crf!.meanIou()).toBe(1);
  expect(results.map(({ sample }) => sample.name)).toEqual(["s0", "s1", "s2"]);
  expect(results.map(({ meanIou }) => meanIou)).toEqual([1, 1, 1]);
});

test("without activation maps their scores are NaN and those of the segmentation are the same", async () => {
  const [whole, fast] = [await scoresOf(reader), await scoresOf(reader, samples, { cam: false })];
  expect(fast.metrics.seg).toBe(whole.metrics.seg);
  expect(fast.metrics.tagF1).toBe(whole.metrics.tagF1);
  expect(fast.metrics.cam).toBeNaN();
});

test("an image whose CRF fails for its own reasons is left out of everything", async () => {
  const crf: EvaluatorOptions["crf"] = async (image) => {
    if (image === scenes[1]!.image) throw new UserError("s1.jpg: too large");
    if (image === scenes[2]!.image) throw new RangeError("needs 5 GiB");
    return scenes.find((scene) => scene.image === image)!.mask;
  };
  const evaluation = await scoresOf(reader, samples, { crf });
  const others = await scoresOf(reader, [samples[0]!]);
  const skipped = ["s1.jpg: too large", "2: cannot be refined: needs 5 GiB"];
  expect(evaluation).toMatchObject({ images: 1, masks: 1, skipped });
  expect(evaluation.metrics).toEqual(others.metrics);
});

async function stagesOf(
  exported: boolean,
  crf?: EvaluatorOptions["crf"],
  examples = 0,
): Promise<StageScores & { readonly examples: readonly StageExample[] }> {
  const network = networkOf(config, sceneClasses);
  const parameters = network.initialize(1);
  const runtime = nodeRuntime();
  const predictor = Predictor.of(runtime, network, parameters);
  const activations = new ActivationPass(runtime, network, parameters, config.pseudo);
  const networks = { predictor, activations: exported ? null : activations };
  const given = [...samples, { name: "s3", image: "0", tags: [] }];
  const run = evaluateStages(given, reader, networks, {
    ...{ config, classes: sceneClasses, longSide: 64, examples },
    ...(crf && { crf }),
  });
  let next = await run.next();
  for (; !next.done; next = await run.next()) expect(next.value.total).toBe(3);
  await predictor.release();
  await activations.release();
  return next.value;
}

test("stages start with the scores of the evaluation and end with the CRF", async () => {
  const crf: EvaluatorOptions["crf"] = async (image) =>
    scenes.find((scene) => scene.image === image)!.mask;
  const { stages, masks, tagF1 } = await stagesOf(false, crf);
  const titles = stages.map(({ title }) => title);
  expect(titles).toEqual([
    ...["CAM", "CAM + PAR", "affinity CAM", "affinity CAM + PAR"],
    ...["perfect affinity", "perfect affinity + PAR"],
    ...["segmentation", "+ multi-scale, flip", "+ CRF"],
  ]);
  const score = Object.fromEntries(stages.map(({ name, meanIou }) => [name, meanIou]));
  const { metrics } = await scoresOf(reader, samples, { longSide: 64 });
  const views = { longSide: 64, scales: [1, 0.5, 0.75], flip: true };
  const multiple = await scoresOf(reader, samples, views);
  const { cam, affinityCam, seg } = score;
  expect({ cam, affinityCam, seg, tagF1 }).toEqual(metrics);
  expect([score["views"], score["crf"], masks]).toEqual([multiple.metrics.seg, 1, 3]);
  for (const value of Object.values(score)) expect(value).toBeGreaterThan(0);
});

test("examples are the first images, with the labels of every stage and the score of each alone", async () => {
  const crf: EvaluatorOptions["crf"] = async (image) =>
    scenes.find((scene) => scene.image === image)!.mask;
  const { examples, stages } = await stagesOf(false, crf, 2);
  expect(examples.map(({ name }) => name)).toEqual(samples.slice(0, 2).map(({ name }) => name));
  const [first] = examples;
  expect(first!.truth).toEqual(scenes[0]!.mask);
  expect(first!.stages.map(({ name }) => name)).toEqual(stages.map(({ name }) => name));
  const score = Object.fromEntries(first!.stages.map(({ name, meanIou }) => [name, meanIou]));
  const alone = await scoresOf(reader, samples.slice(0, 1), { longSide: 64 });
  expect(score).toMatchObject({ crf: 1, seg: alone.metrics.seg, cam: alone.metrics.cam });
});

test("an exported model has the stages of the segmentation only", async () => {
  const { stages } = await stagesOf(true);
  expect(stages.map(({ name }) => name)).toEqual(["seg", "views"]);
});
