import type { Image, LabelMap } from "../data/sample.ts";
import { labelAtSize, refineInside, resize, type Maps, type Par } from "../pseudo/index.ts";
import { shrinkImage } from "./network-image.ts";

/**
 * Longest side of an image whose colors maps are refined along. PAR keeps some 200 bytes for each pixel
 * of the halved image: 0.2 GB at this size, and from 90 megapixels on more than there can be.
 */
const longestRefined = 2048;

/**
 * Label of every pixel of an image from propagated maps, refined along its colors (method, section
 * 7.3); nothing is ignored.
 *
 * @param scores maps [background, ...classes] of any size
 */
export function refinedLabel(
  image: Image,
  scores: Maps,
  classes: readonly number[],
  par: Par,
): LabelMap {
  const small = shrinkImage(image, longestRefined);
  const refined = refineInside(small, resize(scores, small.width, small.height), { par });
  return labelAtSize(refined, classes, image);
}
