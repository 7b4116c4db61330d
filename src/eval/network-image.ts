import { normalizeToChannelsFirst, type Normalization } from "../data/normalize.ts";
import { resizeImage } from "../data/resize.ts";
import type { Image } from "../data/sample.ts";
import { resize, type Maps } from "../pseudo/index.ts";

/** An image as the network takes it: normalised, its long side at most `maxSide`. */
export function networkImage(image: Image, normalization: Normalization, maxSide: number): Maps {
  const { width, height, data } = shrinkImage(image, maxSide);
  const pixels = normalizeToChannelsFirst(data, width * height, normalization);
  return { count: 3, width, height, data: pixels };
}

/** The same image with a long side of at most `maxSide`, every pixel counted. */
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
 * A normalised image resized to a long side (method section 11: bilinear). One much larger is shrunk
 * first, for bilinear sampling would pass over most of its pixels.
 */
export function withLongSide(image: Image, normalization: Normalization, longSide: number): Maps {
  const source = networkImage(image, normalization, 2 * longSide);
  const longest = Math.max(source.width, source.height);
  return resize(
    source,
    side(source.width, longSide, longest),
    side(source.height, longSide, longest),
  );
}

/** A side where the longest becomes `longSide`, rounded down as in the published code. */
function side(length: number, longSide: number, longest: number): number {
  return Math.max(1, Math.floor((length * longSide) / longest));
}
