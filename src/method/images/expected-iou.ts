import type { LabelMap } from "./image.ts";
import type { Maps } from "./maps.ts";

/**
 * The mean IoU that a mask can be expected to have if the probabilities of its pixels are right, 0..1: for every class
 * the expected intersection over the expected union, averaged over the background and `tags`. A tag without pixels
 * counts as 0, and so does a background without pixels that has any probability.
 *
 * @param logits [C + 1, h, w], of any size: the mask is read at the middle of each of its cells
 * @param labels 0 for the background, c + 1 for channel c + 1 of the logits
 * @param tags classes to average over, from 0
 */
export function expectedIou(logits: Maps, labels: LabelMap, tags: readonly number[]): number {
  const { count, width, height, data } = logits;
  const area = width * height;
  const inside = new Float64Array(count);
  const outside = new Float64Array(count);
  const pixels = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let y = 0, p = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * labels.height) / height) * labels.width;
    for (let x = 0; x < width; x++, p++) {
      const label = labels.data[row + Math.floor(((x + 0.5) * labels.width) / width)]!;
      let highest = -Infinity;
      for (let c = 0; c < count; c++) highest = Math.max(highest, data[c * area + p]!);
      let sum = 0;
      for (let c = 0; c < count; c++) sum += weights[c] = Math.exp(data[c * area + p]! - highest);
      for (let c = 0; c < count; c++) {
        const probability = weights[c]! / sum;
        if (c === label) inside[c]! += probability;
        else outside[c]! += probability;
      }
      if (label < count) pixels[label]!++;
    }
  }
  let total = 0;
  for (const c of [0, ...tags.map((tag) => tag + 1)]) {
    const union = pixels[c]! + outside[c]!;
    total += union > 0 ? inside[c]! / union : 0;
  }
  return total / (tags.length + 1);
}
