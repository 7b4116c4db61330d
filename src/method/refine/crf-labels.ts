import type { DenseCrf } from "./crf.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { argmax, softmax, type Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";

/**
 * Labels of an image from segmentation logits: resized bilinearly to the image, softmax, dense CRF, argmax (method 3.1
 * and 3.2).
 *
 * @param logits [C + 1, h, w] of any size
 */
export function crfLabels(crf: DenseCrf, image: Image, logits: Maps): LabelMap {
  const { width, height } = image;
  const resized = resizeMaps(logits, width, height);
  const probabilities = resized === logits ? { ...logits, data: logits.data.slice() } : resized;
  softmax(probabilities);
  return { width, height, data: argmax(crf.refine(image, probabilities)) };
}
