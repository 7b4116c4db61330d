import { normalizeToChannelsFirst, type Normalization } from "../images/normalize.ts";
import { resizeImage } from "../images/resize-antialiased.ts";
import type { Image } from "../images/image.ts";
import type { NdArray } from "../../engine/graph/index.ts";
import { resizePixels } from "../images/normalize-resized.ts";
import type { Maps } from "../images/maps.ts";
import { planesOf } from "./feeds.ts";

/** An image as the network reads it: normalized, with a long side of at most `maxSide`. */
export function networkImage(image: Image, normalization: Normalization, maxSide: number): Maps {
  const { width, height, data } = shrinkImage(image, maxSide);
  const pixels = normalizeToChannelsFirst(data, width * height, normalization);
  return { count: 3, width, height, data: pixels };
}

/** Shrinks an image to a long side of at most `maxSide` by averaging over all pixels. */
export function shrinkImage(image: Image, maxSide: number): Image {
  const longest = Math.max(image.width, image.height);
  if (longest <= maxSide) return image;
  return resizeImage(
    image,
    side(image.width, maxSide, longest),
    side(image.height, maxSide, longest),
  );
}

/**
 * A normalized image resized bilinearly to a long side (method 3.1). A much larger image is shrunk first, because
 * bilinear sampling would skip most of its pixels (method 4, item 5).
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
  const source = shrinkImage(image, 2 * longSide);
  const longest = Math.max(source.width, source.height);
  const width = side(source.width, longSide, longest);
  const height = side(source.height, longSide, longest);
  const data = resizePixels(source, levelsOf(normalization), width, height);
  return { dtype: "float32", shape: [1, height, width, 3], data };
}

/** Normalized value of each of the 256 levels of each channel, [3, 256]. */
function levelsOf(normalization: Normalization): Float32Array {
  const ramp = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  return normalizeToChannelsFirst(ramp, 256, normalization);
}

/** Length of a side after the longest has become `longSide`, rounded down as in the published code. */
function side(length: number, longSide: number, longest: number): number {
  return Math.max(1, Math.floor((length * longSide) / longest));
}
