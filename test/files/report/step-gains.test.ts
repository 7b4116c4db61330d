import { expect, test } from "vitest";
import { paintExample, stepGains } from "../../../src/files/report/step-gains.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { StageExample, StageName } from "../../../src/method/eval/stages.ts";

const labels = (...data: number[]) => ({ width: 2, height: 1, data: Uint8Array.from(data) });
const image = { width: 2, height: 1, data: new Uint8Array(6).fill(90) };
const stage = (name: StageName, title: string, meanIou: number) => {
  return { name, title, labels: labels(0, 1), meanIou };
};
const example: StageExample = {
  ...{ name: "walk", tags: [1], image, truth: labels(0, 2) },
  stages: [
    stage("cam", "CAM", 0.5),
    stage("camPar", "CAM + PAR", 0.75),
    stage("affinityCam", "affinity CAM", 0.4),
    stage("perfectAffinityCam", "perfect affinity", 0.9),
    stage("seg", "segmentation", NaN),
    stage("crf", "+ CRF", 0.6),
  ],
};

test("an example has the image, the mask of every step with what it gains, and the truth", async () => {
  const { pictures, tags } = await paintExample(nodeHost.codec, example, 8);
  expect(tags).toEqual([1]);
  expect(pictures.map(({ title, gain }) => [title, gain?.meanIou, gain?.before])).toEqual([
    ["Image", undefined, undefined],
    ["CAM", 0.5, undefined],
    ["CAM + PAR", 0.75, 0.5],
    ["affinity CAM", 0.4, 0.5],
    ["segmentation", NaN, undefined],
    ["+ CRF", 0.6, undefined],
    ["Truth", undefined, undefined],
  ]);
  for (const { jpeg } of pictures) expect([...jpeg.subarray(0, 2)]).toEqual([0xff, 0xd8]);
});

test("the section shows the bars of all steps, gains with their sign, and a dash where there is no truth", async () => {
  const scores = {
    stages: example.stages.map(({ name, title, meanIou }) => ({ name, title, meanIou, perClass: [] })), // prettier-ignore
    ...{ tagF1: 1, masks: 7, skipped: [] },
  };
  const examples = [await paintExample(nodeHost.codec, example, 8)];
  const { text } = stepGains({ scores, examples }, ["cat", "d&g"]);
  const words = text.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  expect(words).toContain("on 7 test images");
  expect(words).toContain("CAM + PAR 75.0 +25.0");
  expect(words).toContain("affinity CAM 40.0 −10.0");
  expect(words).toContain("perfect affinity 90.0 +40.0");
  expect(words).toContain("segmentation –");
  expect(words).toContain("walk d&amp;g");
  expect(text).toContain("width:75.0%");
  expect(text.match(/data:image\/jpeg/g)).toHaveLength(7);
});
