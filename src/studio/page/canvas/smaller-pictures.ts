import type { Size } from "./view.ts";

/** Longest side that needs no smaller version. */
const longestSide = 1200;

/**
 * Halves, quarters and so on of a large image, which look better than itself where it is shown small, and are drawn faster.
 * @param source the image, or its file
 */
export async function smallerPictures(
  source: ImageBitmap | Blob,
  { width, height }: Size,
): Promise<ImageBitmap[]> {
  const smaller: Promise<ImageBitmap>[] = [];
  for (let scale = 2; (2 * Math.max(width, height)) / scale > longestSide; scale *= 2) {
    smaller.push(
      createImageBitmap(source, {
        resizeWidth: Math.ceil(width / scale),
        resizeHeight: Math.ceil(height / scale),
        resizeQuality: "medium",
      }),
    );
  }
  return Promise.all(smaller);
}
