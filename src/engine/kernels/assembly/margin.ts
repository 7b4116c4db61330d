import { expNonPositive } from "./exp";

/**
 * Sum over pixels of the highest minus the second highest class probability (softmax); NaN if a logit is NaN.
 *
 * @param logits f32 [classes, pixels], at least two classes; up to 60 bytes behind them are read
 * @param block scratch, f32 [classes, 16]
 */
export function marginSum(logits: usize, classes: i32, pixels: i32, block: usize): f64 {
  const plane = (<usize>pixels) << 2;
  let total: f64 = 0;
  // Sixteen pixels fill a cache line. Planes are often aligned so that a second pass would miss the cache, so both
  // passes over the classes read a copy.
  for (let p = 0; p < pixels; p += 16) {
    let from = logits + ((<usize>p) << 2);
    const end = block + ((<usize>classes) << 6);
    for (let to = block; to < end; to += 64, from += plane) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      v128.store(to, v128.load(from, 32), 32);
      v128.store(to, v128.load(from, 48), 48);
    }
    const here = min(16, pixels - p);
    for (let first = 0; first < here; first += 4) {
      const margins = marginsOfFour(block + ((<usize>first) << 2), end);
      total += <f64>f32x4.extract_lane(margins, 0);
      if (first + 1 < here) total += <f64>f32x4.extract_lane(margins, 1);
      if (first + 2 < here) total += <f64>f32x4.extract_lane(margins, 2);
      if (first + 3 < here) total += <f64>f32x4.extract_lane(margins, 3);
    }
  }
  return total;
}

function marginsOfFour(logits: usize, end: usize): v128 {
  let best = f32x4.splat(-Infinity);
  let second = best;
  for (let at = logits; at < end; at += 64) {
    const logit = v128.load(at);
    second = f32x4.max(second, f32x4.min(best, logit));
    best = f32x4.max(best, logit);
  }
  let sum = f32x4.splat(0);
  for (let at = logits; at < end; at += 64) {
    sum = f32x4.add(sum, expNonPositive(f32x4.sub(v128.load(at), best)));
  }
  const margin = f32x4.sub(f32x4.splat(1), expNonPositive(f32x4.sub(second, best)));
  return f32x4.div(margin, sum);
}
