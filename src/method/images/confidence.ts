import { withMaps } from "./map-memory.ts";
import type { Maps } from "./maps.ts";

/**
 * Mean lead of the best class over the second best, 0..1: per pixel (highest − second highest score) / sum of its
 * scores, averaged over the pixels; 1 for a single map. For probabilities the sum is 1.
 * @param scores not negative, [classes, h, w]
 */
export function meanMargin({ count, width, height, data }: Maps): number {
  const area = width * height;
  let total = 0;
  for (let p = 0; p < area; p++) {
    let first = 0;
    let second = 0;
    let sum = 0;
    for (let i = p, k = 0; k < count; k++, i += area) {
      const score = data[i]!;
      sum += score;
      if (score > first) [first, second] = [score, first];
      else second = Math.max(second, score);
    }
    // A pixel whose scores are all 0 prefers no class: its margin is 0.
    if (sum > 0) total += (first - second) / sum;
  }
  return total / area;
}

/**
 * `meanMargin` of the softmax of logits, in single precision as the logits are.
 * @param logits [classes, h, w]
 */
export function meanLogitMargin(logits: Maps): number {
  const { count, width, height } = logits;
  if (count === 1) return 1;
  const pixels = width * height;
  return withMaps(logits, { block: count * 64 }, ({ kernels, areas: { block } }) => {
    return kernels.marginSum({ logits: 0, classes: count, pixels, block }) / pixels;
  });
}
