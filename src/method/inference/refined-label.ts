import { resizeLabels } from "../images/resize-labels.ts";
import { ignoreIndex, type Image, type LabelMap } from "../images/image.ts";
import { labelAtSize, refineInside, refinePseudoLabel } from "../labels/index.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import type { Maps } from "../images/maps.ts";
import type { Par } from "../refine/par.ts";
import { expectedIou } from "../images/expected-iou.ts";
import { labelsOfClasses } from "./known-tags.ts";
import { shrinkImage } from "../images/shrink-large.ts";

/**
 * Longest side at which maps are refined; larger images are shrunk first. PAR keeps about 200 bytes for each pixel of
 * the halved image: 0.2 GB at this size, and from 90 megapixels on more than its memory can hold.
 */
const longestRefined = 2048;

/**
 * How sharply a pixel's share of the refined scores tells its class: softmax(sharpness · share) serves as its probability.
 * Refinement spreads scores over the neighbors, so the shares of two classes differ by a few percent even where the mask
 * is right. Chosen on the demo's validation scenes by the rank correlation of confidence and IoU: 0.50 to 0.56 with 12,
 * 0.68 with 50, 0.75 with 100.
 */
const sharpness = 100;

/** Labels of an image, and the mean IoU to expect of them (`expectedIou`). */
export interface RatedLabels {
  readonly labels: LabelMap;
  readonly confidence: number;
}

/**
 * Label of every pixel of an image from propagated maps, refined along its colors (method 2.8). No pixel is ignored.
 * The confidence is the mean IoU to expect from the refined maps.
 *
 * @param scores maps [background, ...classes] of any size
 */
export function refinedLabel(
  image: Image,
  scores: Maps,
  classes: readonly number[],
  par: Par,
): RatedLabels {
  const small = shrinkImage(image, longestRefined);
  const refined = refineInside(small, resizeMaps(scores, small.width, small.height), { par });
  const local = [...classes.keys()];
  const labels = labelAtSize(refined, local, image);
  const confidence = expectedIou(sharpened(refined), labels, local);
  return { labels: labelsOfClasses(labels, classes), confidence };
}

/**
 * Label of the pixels of an image on which two background scores agree, refined along its colors (method 2.8): a class that beats the
 * high one, background where the low one beats all classes, ignored in between. What is ignored lowers the confidence as a pixel of
 * its classes that was missed.
 *
 * @param scores maps [background, ...classes] of any size, with the low background score and with the high one
 */
export function sureLabel(
  image: Image,
  scores: { readonly low: Maps; readonly high: Maps },
  classes: readonly number[],
  par: Par,
): RatedLabels {
  const small = shrinkImage(image, longestRefined);
  const local = [...classes.keys()];
  // One after the other: the maps of a large photograph would need their memory twice.
  const refined = (maps: Maps): Maps =>
    refineInside(small, resizeMaps(maps, small.width, small.height), { par });
  const { data } = labelAtSize(refined(scores.high), local, image);
  const low = refined(scores.low);
  const background = labelAtSize(low, local, image).data;
  for (let p = 0; p < data.length; p++) {
    if (data[p] === 0 && background[p]! > 0) data[p] = ignoreIndex;
  }
  const labels = { width: image.width, height: image.height, data };
  const confidence = expectedIou(sharpened(low), labels, local);
  return { labels: labelsOfClasses(labels, classes), confidence };
}

/** The share that each class has of a pixel's scores, times `sharpness`; all are equal where the scores are all 0. */
function sharpened({ count, width, height, data }: Maps): Maps {
  const area = width * height;
  const shares = new Float32Array(data.length);
  for (let p = 0; p < area; p++) {
    let sum = 0;
    for (let i = p; i < data.length; i += area) sum += data[i]!;
    const factor = sum > 0 ? sharpness / sum : 0;
    for (let i = p; i < data.length; i += area) shares[i] = data[i]! * factor;
  }
  return { count, width, height, data: shares };
}

/**
 * Label of every pixel of an image from class activation maps, refined along its colors (method 2.8). The low and the
 * high background score are equal, so no pixel is ignored.
 *
 * @param cam [classes, h, w] of any size, one map for each class in the image
 */
export function refinedCamLabel(
  image: Image,
  cam: Maps,
  classes: readonly number[],
  { background, par }: { background: number; par: Par },
): LabelMap {
  const small = shrinkImage(image, longestRefined);
  const maps = resizeMaps(cam, small.width, small.height);
  const labels = refinePseudoLabel(small, maps, classes, {
    low: background,
    high: background,
    par,
  });
  return small === image ? labels : resizeLabels(labels, image.width, image.height);
}
