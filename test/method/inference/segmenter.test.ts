import { afterAll, expect, test, vi } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { expectedIou } from "../../../src/method/images/expected-iou.ts";
import { withLongSide } from "../../../src/method/inference/long-side.ts";
import { openSegmenter } from "../../../src/jobs/open-segmenter.ts";
import type { Image } from "../../../src/method/images/image.ts";
import type { Maps } from "../../../src/method/images/maps.ts";
import { networkOf } from "../../../src/method/model/network-of.ts";

const config = parseConfig({
  preset: "small",
  set: { "model.backbone": "mit_tiny", "eval.longSide": 64, "eval.minSide": 0 },
});
const network = networkOf(config, sceneClasses);
const parameters = network.initialize(3);
const model = { file: "m", network, parameters, config, classes: sceneClasses, step: 0 };
const segmenter = await openSegmenter(nodeHost, model, { device: "cpu" });
afterAll(() => segmenter.release());
const { image } = generateScene({ seed: 1, index: 0, size: 48 });

test("the confidence of segment is the IoU to expect from its logits, over its tags", async () => {
  const result = await segmenter.segment(image);
  const { confidence, width, height, data } = result;
  const input = withLongSide(image, config.data, 64);
  const { segLogits } = await segmenter.predictor.predict(input);
  expect(confidence).toBe(expectedIou(segLogits, result, result.tags));
  expect(confidence).toBeGreaterThan(0);
  expect(confidence).toBeLessThan(1);
  expect([width, height, data.length]).toEqual([48, 48, 48 * 48]);
});

test("segment passes logits of the requested size to the CRF and returns its labels", async () => {
  const seen: Maps[] = [];
  const labels = { width: 48, height: 48, data: new Uint8Array(48 * 48).fill(2) };
  const result = await segmenter.segment(image, {
    longSide: 96,
    crf: async (pixels, logits) => {
      expect(pixels).toBe(image);
      seen.push(logits);
      return labels;
    },
  });
  expect(result.data).toEqual(labels.data);
  expect(seen.map(({ count, width }) => [count, width])).toEqual([[sceneClasses.length + 1, 24]]);
  expect(result.confidence).toBe(expectedIou(seen[0]!, labels, result.tags));
});

test("without tags all pixels are background, with confidence 1", async () => {
  const { data, ...rest } = await segmenter.label(image, []);
  const size = { width: 48, height: 48 };
  expect(rest).toEqual({ ...size, classes: sceneClasses, tags: [], confidence: 1 });
  expect(data).toEqual(new Uint8Array(48 * 48));
});

test("label returns only background and the tagged classes, and more tags lower its confidence", async () => {
  const [one, two] = [await segmenter.label(image, [0]), await segmenter.label(image, [0, 2])];
  expect(one.tags).toEqual([0]);
  expect(two.tags).toEqual([0, 2]);
  expect(new Set(one.data)).toEqual(new Set([0, 1]));
  expect(new Set(two.data)).toEqual(new Set([0, 1, 3]));
  expect(two.confidence).toBeGreaterThan(0);
  expect(two.confidence).toBeLessThan(one.confidence);
  expect(one.confidence).toBeLessThan(1);
});

test("label accepts tags in any order and any number of times", async () => {
  const given = [2, 0, 2, 0];
  expect(await segmenter.label(image, given)).toEqual(await segmenter.label(image, [0, 2]));
  expect(given).toEqual([2, 0, 2, 0]);
});

test("label takes lowThreshold as background score; highThreshold has no effect", async () => {
  const labelWith = async (lowThreshold: number, highThreshold: number) => {
    const pseudo = { ...config.pseudo, lowThreshold, highThreshold };
    const settings = { ...config, pseudo };
    const other = await openSegmenter(nodeHost, { ...model, config: settings }, { device: "cpu" });
    const { data } = await other.label(image, [0, 2]);
    await other.release();
    return data;
  };
  const background = (data: Uint8Array) => data.filter((label) => label === 0).length;
  const low = await labelWith(0.2, 0.6);
  expect(await labelWith(0.2, 0.9)).toEqual(low);
  expect(background(await labelWith(0.6, 0.6))).toBeGreaterThan(background(low));
});

test.each([
  ["cam", config.pseudo.backgroundThreshold],
  ["affinity", config.pseudo.lowThreshold],
] as const)(
  "with thresholds, masks from %s are ignored where the low and the high one do not agree",
  async (from, own) => {
    const labelWith = (low: number, high: number) =>
      segmenter.label(image, [2, 0], { from, thresholds: { low, high } });
    expect(await labelWith(own, own)).toEqual(await segmenter.label(image, [2, 0], { from }));
    const [low, high] = [own - 0.15, own + 0.2];
    const [background, classes, both] = [
      await labelWith(low, low),
      await labelWith(high, high),
      await labelWith(low, high),
    ];
    const expected = classes.data.map((label, p) => label || (background.data[p] === 0 ? 0 : 255));
    expect(both.data).toEqual(expected);
    expect(new Set(both.data).size).toBeGreaterThan(2);
    expect(both.data).toContain(255);
    // What is not known counts as missed.
    expect(both.confidence).toBeLessThan(background.confidence);
    expect(both.confidence).toBeGreaterThan(0);
  },
);

test("thresholds that nothing can be made of are refused", async () => {
  const thresholds = { low: 0.3, high: 0.5 };
  await expect(segmenter.label(image, [0], { from: "segmentation", thresholds })).rejects.toThrow(
    "the segmentation, which has no background score",
  );
  for (const wrong of [
    { low: 0.6, high: 0.5 },
    { low: -0.1, high: 0.5 },
    { low: 0.1, high: NaN },
  ]) {
    await expect(segmenter.label(image, [0], { from: "cam", thresholds: wrong })).rejects.toThrow(
      "give 0 <= low <= high <= 1",
    );
  }
});

test("with several lanes, images at the same time have the same masks as one after the other", async () => {
  const lanes = await openSegmenter(nodeHost, model, { device: "cpu", lanes: 2 });
  expect([segmenter.lanes, lanes.lanes]).toEqual([1, 2]);
  const images = [0, 1, 2, 3].map((index) => generateScene({ seed: 2, index, size: 40 + index }));
  const made = await Promise.all(images.map((scene) => lanes.segment(scene.image, { flip: true })));
  await lanes.release();
  for (const [i, { confidence, ...mask }] of made.entries()) {
    const { confidence: expected, ...alone } = await segmenter.segment(images[i]!.image, {
      flip: true,
    });
    expect(mask).toEqual(alone);
    expect(confidence).toBeCloseTo(expected, 5);
  }
});

test("masks from every source have only background and tagged classes", async () => {
  for (const from of ["segmentation", "affinity", "cam"] as const) {
    const { data, tags, confidence } = await segmenter.label(image, [2, 0], { from });
    expect([...new Set(data)].filter((label) => ![0, 1, 3].includes(label))).toEqual([]);
    expect(tags).toEqual([0, 2]);
    expect(confidence).toBeGreaterThan(0);
    expect(confidence).toBeLessThan(1);
  }
});

test("the segmentation is limited to the tags before the CRF, whose labels become classes again", async () => {
  const { segLogits } = await segmenter.predictor.predict(withLongSide(image, config.data, 64));
  const area = segLogits.width * segLogits.height;
  const crf = vi.fn(async (_: Image, limited: Maps) => {
    expect(limited.count).toBe(2);
    expect(limited.data.subarray(area)).toEqual(segLogits.data.subarray(3 * area, 4 * area));
    return { width: 48, height: 48, data: new Uint8Array(48 * 48).fill(1) };
  });
  const { data } = await segmenter.label(image, [2], { from: "segmentation", crf });
  expect(crf).toHaveBeenCalledOnce();
  expect(new Set(data)).toEqual(new Set([3]));
});

test("one look at an image makes the masks that each source makes by itself", async () => {
  const { free, ...masks } = await segmenter.labelFromEach(image, [2, 0]);
  expect(free.data).toEqual((await segmenter.segment(image)).data);
  expect(Object.keys(masks)).toEqual(["segmentation", "affinity", "cam"]);
  for (const from of ["segmentation", "affinity", "cam"] as const) {
    const { data } = await segmenter.label(image, [2, 0], { from });
    expect(masks[from].data).toEqual(data);
  }
});
