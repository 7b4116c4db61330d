import { ConfusionMatrix, tagF1 } from "./metrics.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { shrinkImage } from "../images/shrink-large.ts";
import { tagsNotShown } from "../inference/known-tags.ts";
import type { SourceMeasurements, TagMaskSource } from "../inference/label-source.ts";
import type { Segmenter } from "../inference/segmenter.ts";

/** Smallest share of an image's pixels that counts as a class found, so that a few stray pixels do not. */
const leastShare = 0.002;

/**
 * Measures on a tagged image what each source of masks makes of its tags; `images` is 1. Segmentations are measured without
 * a CRF.
 */
export async function measureSources(
  segmenter: Segmenter,
  image: Image,
  tags: readonly number[],
): Promise<SourceMeasurements> {
  const { longSide, maxSide } = segmenter.model.config.eval;
  // Masks of more pixels than the networks see would take longer and say the same.
  const small = shrinkImage(image, Math.max(longSide, maxSide));
  const masks = await segmenter.labelFromEach(small, tags);
  const count = segmenter.classes.length;
  const each = (measure: (mask: LabelMap) => number): Record<TagMaskSource, number> => ({
    segmentation: measure(masks.segmentation),
    affinity: measure(masks.affinity),
    cam: measure(masks.cam),
  });
  return {
    images: 1,
    tagsFound: tagF1(classesIn(masks.free, count), tags),
    tagsShown: each((mask) => 1 - tagsNotShown(mask, tags).length / tags.length),
    area: each(shareOfTags),
    agreement: {
      segmentationAffinity: agreementOf(masks.segmentation, masks.affinity, count),
      segmentationCam: agreementOf(masks.segmentation, masks.cam, count),
      affinityCam: agreementOf(masks.affinity, masks.cam, count),
    },
  };
}

/** Means of measurements of one image each; 0 without images. */
export function meanOfSources(all: readonly SourceMeasurements[]): SourceMeasurements {
  const mean = (of: (one: SourceMeasurements) => number): number =>
    all.length === 0 ? 0 : all.reduce((sum, one) => sum + of(one), 0) / all.length;
  const each = (name: "tagsShown" | "area"): Record<TagMaskSource, number> => ({
    segmentation: mean((one) => one[name].segmentation),
    affinity: mean((one) => one[name].affinity),
    cam: mean((one) => one[name].cam),
  });
  return {
    images: all.length,
    tagsFound: mean(({ tagsFound }) => tagsFound),
    tagsShown: each("tagsShown"),
    area: each("area"),
    agreement: {
      segmentationAffinity: mean(({ agreement }) => agreement.segmentationAffinity),
      segmentationCam: mean(({ agreement }) => agreement.segmentationCam),
      affinityCam: mean(({ agreement }) => agreement.affinityCam),
    },
  };
}

/** Mean IoU of two masks over the classes that either has. */
function agreementOf(a: LabelMap, b: LabelMap, classes: number): number {
  const matrix = new ConfusionMatrix(classes + 1);
  matrix.add(a.data, b.data);
  const scores = matrix.iou().filter((score) => !Number.isNaN(score));
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function shareOfTags({ data }: LabelMap): number {
  let pixels = 0;
  for (let p = 0; p < data.length; p++) if (data[p]! > 0) pixels++;
  return pixels / data.length;
}

/** Classes, from 0, with at least `leastShare` of the pixels. */
function classesIn({ data }: LabelMap, classes: number): number[] {
  const pixels = new Uint32Array(256);
  for (let p = 0; p < data.length; p++) pixels[data[p]!]!++;
  const least = leastShare * data.length;
  return Array.from({ length: classes }, (_, c) => c).filter((c) => pixels[c + 1]! >= least);
}
