import type { Maps } from "./maps.ts";

/**
 * Mean confidence of scores, 0..1: at each pixel the highest score minus the second highest, divided by the sum of all;
 * averaged over the pixels. For probabilities this is the mean margin between the best and the second class. 1 for a
 * single map.
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
    // A pixel without any score adds nothing: it prefers no class.
    if (sum > 0) total += (first - second) / sum;
  }
  return total / area;
}
