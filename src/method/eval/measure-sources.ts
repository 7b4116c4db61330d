import { ConfusionMatrix, tagF1 } from "./metrics.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { tagsNotShown } from "../inference/known-tags.ts";
import type { SourceMeasurements } from "../inference/label-source.ts";
import type { Segmenter } from "../inference/segmenter.ts";

/** Measurements on one image. */
export type TaggedImage = Omit<SourceMeasurements, "images">;

/** Smallest share of an image's pixels that counts as a class found, so that a few stray pixels do not. */
const leastShare = 0.002;

/** Measures on a tagged image how far the masks of the segmentation fit its tags and the class activations. */
export async function measureSources(
  segmenter: Segmenter,
  image: Image,
  tags: readonly number[],
): Promise<TaggedImage> {
  const free = await segmenter.segment(image);
  const segmented = await segmenter.label(image, tags, { from: "segmentation" });
  const activated = await segmenter.label(image, tags, { from: "cam" });
  const matrix = new ConfusionMatrix(segmenter.classes.length + 1);
  matrix.add(activated.data, segmented.data);
  return {
    tagsFound: tagF1(classesIn(free, segmenter.classes.length), tags),
    tagsShown: 1 - tagsNotShown(segmented, tags).length / tags.length,
    agreement: matrix.meanIou(),
  };
}

/** Classes, from 0, with at least `leastShare` of the pixels. */
function classesIn({ data }: LabelMap, classes: number): number[] {
  const pixels = new Uint32Array(256);
  for (let p = 0; p < data.length; p++) pixels[data[p]!]!++;
  const least = leastShare * data.length;
  return Array.from({ length: classes }, (_, c) => c).filter((c) => pixels[c + 1]! > least);
}
