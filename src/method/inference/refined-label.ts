import { resizeLabels } from "../images/resize-labels.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { labelAtSize, refineInside, refinePseudoLabel } from "../labels/index.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import type { Maps } from "../images/maps.ts";
import type { Par } from "../refine/par.ts";
import { meanMargin } from "../images/confidence.ts";
import { shrinkImage } from "../images/shrink-large.ts";

/**
 * Longest side at which maps are refined; larger images are shrunk first. PAR keeps about 200 bytes for each pixel of
 * the halved image: 0.2 GB at this size, and from 90 megapixels on more than its memory can hold.
 */
const longestRefined = 2048;

/** Labels of an image, and the margin by which they were decided (`meanMargin`). */
export interface RatedLabels {
  readonly labels: LabelMap;
  readonly confidence: number;
}

/**
 * Label of every pixel of an image from propagated maps, refined along its colors (method 2.8). No pixel is ignored.
 * The confidence is that of the refined maps.
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
  return { labels: labelAtSize(refined, classes, image), confidence: meanMargin(refined) };
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
