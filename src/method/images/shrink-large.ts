import type { Image } from "./image.ts";
import { resizeImage } from "./resize-antialiased.ts";

/**
 * Shrinks an image more than twice as large as the network's input to twice the input's size, by averaging over all pixels: the
 * bilinear sampling that follows would skip most of them (method 4, item 5).
 * @param longSide long side of the network's input, in pixels
 */
export function shrinkLarge(image: Image, longSide: number): Image {
  return shrinkImage(image, 2 * longSide);
}

/** Shrinks an image to a long side of at most `maxSide` by averaging over all pixels. */
export function shrinkImage(image: Image, maxSide: number): Image {
  const longest = Math.max(image.width, image.height);
  if (longest <= maxSide) return image;
  return resizeImage(
    image,
    scaledSide(image.width, maxSide, longest),
    scaledSide(image.height, maxSide, longest),
  );
}

/** Length of a side after the longest has become `longSide`, rounded down as in the published code. */
export function scaledSide(length: number, longSide: number, longest: number): number {
  return Math.max(1, Math.floor((length * longSide) / longest));
}
