import { withMaps } from "./map-memory.ts";
import type { Maps } from "./maps.ts";

/**
 * How far the best class is ahead of the second in the softmax of logits, averaged over the pixels, 0..1;
 * 1 where there is but one map. In single precision, as the logits are.
 * @param logits [classes, h, w]
 */
export function meanLogitMargin(logits: Maps): number {
  const { count, width, height } = logits;
  if (count === 1) return 1;
  const pixels = width * height;
  return withMaps(
    logits,
    [count * 64],
    ({ kernels, areas: [block] }) => kernels.marginSum(0, count, pixels, block!) / pixels,
  );
}
