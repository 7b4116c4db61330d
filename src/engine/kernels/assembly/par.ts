import { expNonPositive } from "./exp";

// Pixel-adaptive refinement (method 2.7) on planes of floats. Every plane has a margin on all sides, as wide as the
// largest dilation, so that each neighbor is at a constant byte offset. Pixels are processed in runs of eight; a row
// has `runs` of them, and the last may extend into the margin. The address of a plane is that of its top left pixel,
// inside the margin.

/** Bytes of a run of eight pixels. The weights of a run are [neighbor, 8] floats. */
const RUN: usize = 32;

/**
 * Weights of every pixel's neighbors from the three color planes: softmax over neighbors of
 * -mean over colors (|difference| / (deviation + 1e-8) / width)², plus the position terms.
 *
 * @param offsets byte offset of each neighbor, i32 [count]
 * @param positions position term of each neighbor, f32 [count]
 * @param weights result, f32 [height, runs, count, 8]
 */
export function parWeights(
  planes: usize,
  planeBytes: usize,
  rowBytes: usize,
  height: i32,
  runs: i32,
  offsets: usize,
  positions: usize,
  count: i32,
  width: f32,
  weights: usize,
): void {
  let target = weights;
  for (let y = 0; y < height; y++) {
    let pixel = planes + <usize>y * rowBytes;
    for (let run = 0; run < runs; run++) {
      for (let half: usize = 0; half < RUN; half += 16) {
        const at = pixel + half;
        const r = inverseDeviation(at, offsets, count, width);
        const g = inverseDeviation(at + planeBytes, offsets, count, width);
        const b = inverseDeviation(at + 2 * planeBytes, offsets, count, width);
        weighFour(at, planeBytes, offsets, positions, count, r, g, b, target + half);
      }
      pixel += RUN;
      target += <usize>count * RUN;
    }
  }
}

/** 1 / (deviation of the neighbors' values + 1e-8) / width for four pixels; unbiased, two passes. */
function inverseDeviation(at: usize, offsets: usize, count: i32, width: f32): v128 {
  let sum = f32x4.splat(0);
  const end = offsets + ((<usize>count) << 2);
  for (let o = offsets; o < end; o += 4) sum = f32x4.add(sum, v128.load(at + load<i32>(o)));
  const mean = f32x4.mul(sum, f32x4.splat(<f32>1 / <f32>count));
  let squares = f32x4.splat(0);
  for (let o = offsets; o < end; o += 4) {
    const difference = f32x4.sub(v128.load(at + load<i32>(o)), mean);
    squares = f32x4.add(squares, f32x4.mul(difference, difference));
  }
  const deviation = f32x4.sqrt(f32x4.mul(squares, f32x4.splat(<f32>1 / <f32>(count - 1))));
  const scale = f32x4.mul(f32x4.add(deviation, f32x4.splat(1e-8)), f32x4.splat(width));
  return f32x4.div(f32x4.splat(1), scale);
}

/** Weights of four pixels; those of the next neighbor follow at a distance of one run. */
function weighFour(
  at: usize,
  planeBytes: usize,
  offsets: usize,
  positions: usize,
  count: i32,
  r: v128,
  g: v128,
  b: v128,
  target: usize,
): void {
  const centerR = v128.load(at);
  const centerG = v128.load(at + planeBytes);
  const centerB = v128.load(at + 2 * planeBytes);
  const third = f32x4.splat(-1.0 / 3.0);
  let highest = f32x4.splat(-f32.MAX_VALUE);
  let slot = target;
  for (let n = 0; n < count; n++) {
    const neighbor = at + load<i32>(offsets + ((<usize>n) << 2));
    const dr = f32x4.mul(f32x4.sub(v128.load(neighbor), centerR), r);
    const dg = f32x4.mul(f32x4.sub(v128.load(neighbor + planeBytes), centerG), g);
    const db = f32x4.mul(f32x4.sub(v128.load(neighbor + 2 * planeBytes), centerB), b);
    const square = f32x4.add(f32x4.add(f32x4.mul(dr, dr), f32x4.mul(dg, dg)), f32x4.mul(db, db));
    const logit = f32x4.mul(square, third);
    highest = f32x4.max(highest, logit);
    v128.store(slot, logit);
    slot += RUN;
  }
  let sum = f32x4.splat(0);
  slot = target;
  for (let n = 0; n < count; n++) {
    const e = expNonPositive(f32x4.sub(v128.load(slot), highest));
    sum = f32x4.add(sum, e);
    v128.store(slot, e);
    slot += RUN;
  }
  const scale = f32x4.div(f32x4.splat(1), sum);
  slot = target;
  for (let n = 0; n < count; n++) {
    const position = v128.load32_splat(positions + ((<usize>n) << 2));
    v128.store(slot, f32x4.add(f32x4.mul(v128.load(slot), scale), position));
    slot += RUN;
  }
}

/**
 * One iteration, M <- sum over neighbors of weight * M, for `maps` planes from source to target. Margins are not
 * written.
 */
export function parIterate(
  source: usize,
  target: usize,
  maps: i32,
  planeBytes: usize,
  rowBytes: usize,
  height: i32,
  runs: i32,
  offsets: usize,
  count: i32,
  weights: usize,
): void {
  let map = 0;
  // Four maps at a time share each loaded weight and fit into sixteen vector registers.
  for (; map + 4 <= maps; map += 4) {
    const skip = <usize>map * planeBytes;
    iterateFour(
      source + skip,
      target + skip,
      planeBytes,
      rowBytes,
      height,
      runs,
      offsets,
      count,
      weights,
    );
  }
  for (; map + 2 <= maps; map += 2) {
    const skip = <usize>map * planeBytes;
    iterateTwo(
      source + skip,
      target + skip,
      planeBytes,
      rowBytes,
      height,
      runs,
      offsets,
      count,
      weights,
    );
  }
  if (map < maps) {
    const skip = <usize>map * planeBytes;
    iterateOne(source + skip, target + skip, rowBytes, height, runs, offsets, count, weights);
  }
}

function iterateFour(
  source: usize,
  target: usize,
  planeBytes: usize,
  rowBytes: usize,
  height: i32,
  runs: i32,
  offsets: usize,
  count: i32,
  weights: usize,
): void {
  const end = offsets + ((<usize>count) << 2);
  let weight = weights;
  for (let y = 0; y < height; y++) {
    let at = <usize>y * rowBytes;
    for (let run = 0; run < runs; run++) {
      let a0 = f32x4.splat(0),
        a1 = a0,
        b0 = a0,
        b1 = a0,
        c0 = a0,
        c1 = a0,
        d0 = a0,
        d1 = a0;
      const pixel = source + at;
      for (let o = offsets; o < end; o += 4) {
        const w0 = v128.load(weight);
        const w1 = v128.load(weight, 16);
        weight += RUN;
        let n = pixel + load<i32>(o);
        a0 = f32x4.add(a0, f32x4.mul(w0, v128.load(n)));
        a1 = f32x4.add(a1, f32x4.mul(w1, v128.load(n, 16)));
        n += planeBytes;
        b0 = f32x4.add(b0, f32x4.mul(w0, v128.load(n)));
        b1 = f32x4.add(b1, f32x4.mul(w1, v128.load(n, 16)));
        n += planeBytes;
        c0 = f32x4.add(c0, f32x4.mul(w0, v128.load(n)));
        c1 = f32x4.add(c1, f32x4.mul(w1, v128.load(n, 16)));
        n += planeBytes;
        d0 = f32x4.add(d0, f32x4.mul(w0, v128.load(n)));
        d1 = f32x4.add(d1, f32x4.mul(w1, v128.load(n, 16)));
      }
      let out = target + at;
      v128.store(out, a0);
      v128.store(out, a1, 16);
      out += planeBytes;
      v128.store(out, b0);
      v128.store(out, b1, 16);
      out += planeBytes;
      v128.store(out, c0);
      v128.store(out, c1, 16);
      out += planeBytes;
      v128.store(out, d0);
      v128.store(out, d1, 16);
      at += RUN;
    }
  }
}

function iterateTwo(
  source: usize,
  target: usize,
  planeBytes: usize,
  rowBytes: usize,
  height: i32,
  runs: i32,
  offsets: usize,
  count: i32,
  weights: usize,
): void {
  const end = offsets + ((<usize>count) << 2);
  let weight = weights;
  for (let y = 0; y < height; y++) {
    let at = <usize>y * rowBytes;
    for (let run = 0; run < runs; run++) {
      let a0 = f32x4.splat(0),
        a1 = a0,
        b0 = a0,
        b1 = a0;
      const pixel = source + at;
      for (let o = offsets; o < end; o += 4) {
        const w0 = v128.load(weight);
        const w1 = v128.load(weight, 16);
        weight += RUN;
        const n = pixel + load<i32>(o);
        a0 = f32x4.add(a0, f32x4.mul(w0, v128.load(n)));
        a1 = f32x4.add(a1, f32x4.mul(w1, v128.load(n, 16)));
        b0 = f32x4.add(b0, f32x4.mul(w0, v128.load(n + planeBytes)));
        b1 = f32x4.add(b1, f32x4.mul(w1, v128.load(n + planeBytes, 16)));
      }
      const out = target + at;
      v128.store(out, a0);
      v128.store(out, a1, 16);
      v128.store(out + planeBytes, b0);
      v128.store(out + planeBytes, b1, 16);
      at += RUN;
    }
  }
}

function iterateOne(
  source: usize,
  target: usize,
  rowBytes: usize,
  height: i32,
  runs: i32,
  offsets: usize,
  count: i32,
  weights: usize,
): void {
  const end = offsets + ((<usize>count) << 2);
  let weight = weights;
  for (let y = 0; y < height; y++) {
    let at = <usize>y * rowBytes;
    for (let run = 0; run < runs; run++) {
      let a0 = f32x4.splat(0),
        a1 = a0;
      const pixel = source + at;
      for (let o = offsets; o < end; o += 4) {
        const n = pixel + load<i32>(o);
        a0 = f32x4.add(a0, f32x4.mul(v128.load(weight), v128.load(n)));
        a1 = f32x4.add(a1, f32x4.mul(v128.load(weight, 16), v128.load(n, 16)));
        weight += RUN;
      }
      v128.store(target + at, a0);
      v128.store(target + at, a1, 16);
      at += RUN;
    }
  }
}

/**
 * Fills the margins of planes with their nearest pixels.
 *
 * @param left floats of margin left of the pixels, and rows of margin above and below
 * @param right floats between the last pixel and the end of the row
 */
export function parReplicate(
  planes: usize,
  count: i32,
  planeBytes: usize,
  rowBytes: usize,
  height: i32,
  width: i32,
  left: i32,
  right: i32,
): void {
  for (let plane = 0; plane < count; plane++) {
    const origin = planes + <usize>plane * planeBytes;
    for (let y = 0; y < height; y++) {
      const row = origin + <usize>y * rowBytes;
      fill(row - ((<usize>left) << 2), left, load<f32>(row));
      const end = row + ((<usize>width) << 2);
      fill(end, right, load<f32>(end - 4));
    }
    const first = origin - ((<usize>left) << 2);
    const last = first + <usize>(height - 1) * rowBytes;
    for (let y = 1; y <= left; y++) {
      memory.copy(first - <usize>y * rowBytes, first, rowBytes);
      memory.copy(last + <usize>y * rowBytes, last, rowBytes);
    }
  }
}

function fill(at: usize, count: i32, value: f32): void {
  const vector = f32x4.splat(value);
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(at + ((<usize>i) << 2), vector);
  for (; i < count; i++) store<f32>(at + ((<usize>i) << 2), value);
}
