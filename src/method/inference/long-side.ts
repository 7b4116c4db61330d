import {
  normalizedMaps,
  normalizeToChannelsFirst,
  type Normalization,
} from "../images/normalize.ts";
import { scaledSide, shrinkImage, shrinkLarge } from "../images/shrink-large.ts";
import type { Image } from "../images/image.ts";
import type { NdArray } from "../../engine/graph/index.ts";
import { resizePixels } from "../images/normalize-resized.ts";
import type { Maps } from "../images/maps.ts";
import { planesOf } from "./network-feeds.ts";

/** Bounds of an image's long side, in pixels. */
export interface SideBounds {
  /** 0 for none. */
  readonly minSide: number;
  readonly maxSide: number;
}

/** An image as the network reads it: normalized, shrunk or enlarged if its long side is not within the bounds. */
export function networkImage(
  image: Image,
  normalization: Normalization,
  { minSide, maxSide }: SideBounds,
): Maps {
  if (Math.max(image.width, image.height) < minSide) {
    return withLongSide(image, normalization, minSide);
  }
  return normalizedMaps(shrinkImage(image, maxSide), normalization);
}

/**
 * A normalized image resized bilinearly to a long side (method 3.1); a much larger image is shrunk first, see `shrinkLarge`.
 */
export function withLongSide(image: Image, normalization: Normalization, longSide: number): Maps {
  return planesOf(pixelsWithLongSide(image, normalization, longSide));
}

/** The same with channels last, [1, h, w, 3], as the graphs read it. */
export function pixelsWithLongSide(
  image: Image,
  normalization: Normalization,
  longSide: number,
): NdArray {
  const source = shrinkLarge(image, longSide);
  const longest = Math.max(source.width, source.height);
  const width = scaledSide(source.width, longSide, longest);
  const height = scaledSide(source.height, longSide, longest);
  const data = resizePixels(source, levelsOf(normalization), width, height);
  return { dtype: "float32", shape: [1, height, width, 3], data };
}

/** Normalized value of each of the 256 levels of each channel, [3, 256]. */
function levelsOf(normalization: Normalization): Float32Array {
  const ramp = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  return normalizeToChannelsFirst(ramp, 256, normalization);
}
