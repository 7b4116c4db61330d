import { afterAll, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { inspectImage } from "../../src/jobs/inspect-image.ts";
import { openSegmenter } from "../../src/jobs/open-segmenter.ts";
import { parseConfig } from "../../src/method/config.ts";
import { generateScene, sceneClasses } from "../../src/method/data/scenes.ts";
import type { Image } from "../../src/method/images/image.ts";
import type { Maps } from "../../src/method/images/maps.ts";
import { propagatedMaps } from "../../src/method/inference/label-image.ts";
import { networkImage } from "../../src/method/inference/long-side.ts";
import {
  mergeCam,
  propagateAffinity,
  refineAffinityLabel,
  refinePseudoLabel,
  tokenAffinity,
} from "../../src/method/labels/index.ts";
import { networkOf } from "../../src/method/model/network-of.ts";
import { crfLabels } from "../../src/method/refine/crf-labels.ts";
import { DenseCrf } from "../../src/method/refine/crf.ts";
import { parOf } from "../../src/method/refine/par.ts";

const config = parseConfig({
  preset: "small",
  set: { "model.backbone": "mit_tiny", "eval.longSide": 96, "eval.minSide": 96 },
});
const network = networkOf(config, sceneClasses);
const parameters = network.initialize(3);
const modelAt = (step: number) => ({ file: "m", network, parameters, config, classes: sceneClasses, step }); // prettier-ignore
const beginner = await openSegmenter(nodeHost, modelAt(200), { device: "cpu" });
const trained = await openSegmenter(nodeHost, modelAt(500), { device: "cpu" });
afterAll(() => Promise.all([beginner.release(), trained.release()]));
const { image } = generateScene({ seed: 1, index: 0, size: 96 });
const { low, high } = {
  low: config.pseudo.lowThreshold,
  high: config.pseudo.highThreshold,
};

const dense = new DenseCrf();
const crf = async (pixels: Image, logits: Maps) => crfLabels(dense, pixels, logits);
const tags = [0, 2];

test("the pseudo label and the maps are those of the training's own steps", async () => {
  const seen = await inspectImage(trained, image, [2, 0, 2], crf);
  const input = networkImage(image, config.data, config.eval);
  const { scales, affinity } = await trained.needActivations().run(input);
  const cam = mergeCam(scales, tags, 96, 96);
  const maps = propagatedMaps(cam, affinity, { low, high, radius: config.pseudo.radius });
  const label = refineAffinityLabel(image, maps, tags, { par: parOf(config) });
  expect(seen.pseudoLabel).toEqual(label);
  expect(new Set(label.data).size).toBeGreaterThan(1);
  expect(seen.cam).toEqual(mergeCam(scales, tags, 24, 24));
  expect(seen.propagated).toEqual(maps.low);
  expect(seen.affinity).toEqual(affinity);
  expect(seen.thresholds).toEqual({ low, high, radius: 1 });
});

test("before the training learns from propagated activations, the pseudo label is made of the activations", async () => {
  const seen = await inspectImage(beginner, image, tags, crf);
  const input = networkImage(image, config.data, config.eval);
  const { scales } = await beginner.needActivations().run(input);
  const cam = mergeCam(scales, tags, 96, 96);
  const label = refinePseudoLabel(image, cam, tags, { low, high, par: parOf(config) });
  expect(seen.pseudoLabel).toEqual(label);
});

test("prediction and CRF are those of labeling by the segmentation, and probabilities add up to 1", async () => {
  const seen = await inspectImage(trained, image, tags, crf);
  const plain = await trained.label(image, tags, { from: "segmentation" });
  const refined = await trained.label(image, tags, { from: "segmentation", crf });
  expect(seen.prediction.data).toEqual(plain.data);
  expect(seen.crf.data).toEqual(refined.data);
  const { count, width, height, data } = seen.probabilities;
  expect([count, width, height]).toEqual([3, 24, 24]);
  for (let p = 0; p < 576; p++) {
    expect(data[p]! + data[p + 576]! + data[p + 1152]!).toBeCloseTo(1, 5);
  }
  expect(seen.refined).toMatchObject({ count: 3, width: 24, height: 24 });
});

test("an image without tags has labels of background alone", async () => {
  const seen = await inspectImage(trained, image, [], crf);
  expect(seen.cam.count).toBe(0);
  for (const name of ["pseudoLabel", "prediction", "crf"] as const) {
    expect(seen[name].data).toEqual(new Uint8Array(96 * 96));
  }
});

test("an image of another size than the network's input is seen in the input's size", async () => {
  const { image: small } = generateScene({ seed: 1, index: 0, size: 48 });
  const seen = await inspectImage(trained, small, tags, crf);
  expect(seen.input).toEqual({ width: 96, height: 96 });
  expect([seen.prediction.width, seen.pseudoLabel.height, seen.crf.width]).toEqual([96, 96, 96]);
});

test("a token's row is that of the affinity, and what it spreads and receives makes up the random walk", async () => {
  const { affinity } = await inspectImage(trained, image, tags, crf);
  const { width, height, data } = affinity;
  const tokens = width * height;
  const radius = 2;
  const rows = Array.from({ length: tokens }, (_, token) => tokenAffinity(affinity, token, radius));
  expect(rows[7]!.affinity).toEqual(data.slice(7 * tokens, 8 * tokens));
  const cam = { count: 1, width, height, data: new Float32Array(tokens).map((_, i) => i / tokens) };
  const [walked] = propagateAffinity(cam, affinity, { backgrounds: [low], radius });
  const start = cam.data.map((score) => 1 / (1 + Math.exp(low - score)));
  for (const [token, { receives, spreads }] of rows.entries()) {
    const after = receives.reduce((sum, share, i) => sum + share * start[i]!, 0);
    expect(after).toBeCloseTo(walked!.data[tokens + token]!, 4);
    for (let other = 0; other < tokens; other++) {
      expect(rows[other]!.receives[token]).toBe(spreads[other]);
    }
  }
});

test("a token that there is not is told", () => {
  const affinity = { width: 1, height: 1, data: new Float32Array(1) };
  expect(() => tokenAffinity(affinity, 1, 1)).toThrow("token 1, but there are 1");
});
