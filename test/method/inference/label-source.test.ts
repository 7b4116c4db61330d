import { expect, test } from "vitest";
import {
  chooseByTags,
  sourceLimits,
  type SourceMeasurements,
} from "../../../src/method/inference/label-source.ts";

const good: SourceMeasurements = {
  images: 20,
  tagsFound: 0.9,
  tagsShown: { segmentation: 0.95, affinity: 0.9, cam: 0.92 },
  area: { segmentation: 0.2, affinity: 0.2, cam: 0.2 },
  agreement: { segmentationAffinity: 0.5, segmentationCam: 0.6, affinityCam: 0.7 },
};
const begun = { ...good, tagsFound: 0.5 };
const untrained = { ...good, tagsFound: 0.1 };
const showing = (affinity: number, cam: number) => ({
  tagsShown: { segmentation: 0.7, affinity, cam },
});
const agreeing = (segmentationAffinity: number, segmentationCam: number) => ({
  agreement: { segmentationAffinity, segmentationCam, affinityCam: 0.7 },
});

test.each([
  [
    "segmentation",
    "it finds the tags, whatever the others show",
    { ...good, ...{ tagsShown: { segmentation: 0.95, affinity: 1, cam: 1 } } },
  ],
  ["cam", "the segmentation does not show the tags it is told", { ...good, ...showing(0.9, 0.9) }],
  ["cam", "the segmentation finds the tags in other places", { ...good, ...agreeing(0.2, 0.1) }],
  ["cam", "the affinity loses tags", { ...begun, ...showing(0.7, 0.9), ...agreeing(0.9, 0.1) }],
  ["affinity", "the affinity shows more tags", { ...untrained, ...showing(0.9, 0.7) }],
  ["cam", "nothing but the class activations is trained", { ...untrained, ...agreeing(0.9, 0.1) }],
  ["cam", "the segmentation agrees more with it", { ...begun, ...agreeing(0.5, 0.6) }],
  ["affinity", "the segmentation agrees more with it", { ...begun, ...agreeing(0.6, 0.5) }],
  ["affinity", "there is nothing to choose by", { ...good, images: 0 }],
] as const)("masks come from %s where %s", (source, _, measured) => {
  expect(chooseByTags(measured)).toMatchObject({ source, measured });
});

test("the reason says what was measured and what is needed", () => {
  const facts = "the segmentation finds the tags with an F1 of";
  const rest = "95 % of the tags it is told and agrees with class activations by an IoU of 60 %";
  expect(chooseByTags(good).reason).toBe(`on 20 images ${facts} 90 %, shows ${rest}`);
  expect(chooseByTags({ ...begun, images: 1 }).reason).toBe(
    `on 1 image ${facts} 50 %, shows ${rest}, where 60 %, 80 % and 50 % are needed; ` +
      "the agreement with the segmentation is 50 % with the affinity, 60 % without",
  );
});

test("limits can be other ones", () => {
  expect(chooseByTags(good, { ...sourceLimits, found: 0.95 }).source).toBe("cam");
  expect(chooseByTags(good, { ...sourceLimits, agreed: 0.7 }).source).toBe("cam");
});
