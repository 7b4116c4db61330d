import { resizeLabels } from "../images/resize-labels.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { labelAtSize, refineInside, refinePseudoLabel } from "../labels/index.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import type { Maps } from "../images/maps.ts";
import type { Par } from "../refine/par.ts";
import { meanMargin } from "../images/margin.ts";
import { shrinkImage } from "./network-image.ts";

/**
 * Longest side of an image whose colors maps are refined along. PAR keeps some 200 bytes for each pixel
 * of the halved image: 0.2 GB at this size, and from 90 megapixels on more than there can be.
 */
const longestRefined = 2048;

/** A label, and how far its class is ahead of the next (`meanMargin`). */
export interface SureLabel {
  readonly labels: LabelMap;
  readonly confidence: number;
}

/**
 * Label of every pixel of an image from propagated maps, refined along its colors (method
 * 2.8); nothing is ignored. The confidence is that of the refined maps.
 *
 * @param scores maps [background, ...classes] of any size
 */
export function refinedLabel(
  image: Image,
  scores: Maps,
  classes: readonly number[],
  par: Par,
): SureLabel {
  const small = shrinkImage(image, longestRefined);
  const refined = refineInside(small, resizeMaps(scores, small.width, small.height), { par });
  return { labels: labelAtSize(refined, classes, image), confidence: meanMargin(refined) };
}

/**
 * Label of every pixel of an image from class activation maps, refined along its colors (method
 * 2.8) with one background score for low and high: nothing is ignored.
 *
 * @param cam [classes, h, w] of any size, only of the classes the image has
 */
export function refinedCamLabel(
  image: Image,
  cam: Maps,
  classes: readonly number[],
  { background, par }: { background: number; par: Par },
): LabelMap {
  const small = shrinkImage(image, longestRefined);
  const maps = resizeMaps(cam, small.width, small.height);
  const thresholds = { low: background, high: background };
  const labels = refinePseudoLabel(small, maps, classes, { ...thresholds, par });
  return small === image ? labels : resizeLabels(labels, image.width, image.height);
}
