import type { Maps } from "../labels/index.ts";

/**
 * How sure scores are, 0..1: the highest minus the second highest of a pixel, divided by the sum of all
 * of its scores, averaged over the pixels. Of probabilities that is the mean margin between the best
 * and the second class. 1 where there is but one map.
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
      else if (score > second) second = score;
    }
    // No score at all prefers no class.
    if (sum > 0) total += (first - second) / sum;
  }
  return total / area;
}

/** The same of the softmax of logits, [classes, h, w]. */
export { meanLogitMargin } from "../labels/index.ts";
