import { expNonPositive } from "./exp";

// Mean field of the dense CRF (method 3.2) on rows of pixels. A pixel has one float for each class, padded to whole
// vectors; `bytes` is the length of one pixel.

/**
 * Gaussian along a row: target[x] = sum over r of taps[|r|] scale scales[x + r] row[x + r].
 *
 * @param padded scratch for the row, with `radius` pixels of zeros before and after it
 * @param taps f32 [radius + 1], scales f32 [width]
 */
export function gaussianAcross(
  row: usize,
  width: i32,
  bytes: i32,
  scales: usize,
  scale: f32,
  taps: usize,
  radius: i32,
  padded: usize,
  target: usize,
): void {
  const inside = padded + <usize>(radius * bytes);
  const total = <usize>(width * bytes);
  for (let x: usize = 0, at: usize = 0; at < total; x += 4) {
    const factor = f32x4.splat(load<f32>(scales + x) * scale);
    const end = at + bytes;
    for (; at < end; at += 16) v128.store(inside + at, f32x4.mul(factor, v128.load(row + at)));
  }
  const last = taps + ((<usize>radius) << 2);
  let at: usize = 0;
  // Four vectors at a time share each loaded tap.
  for (; at + 64 <= total; at += 64) {
    const center = v128.load32_splat(taps);
    let left = inside + at;
    let a = f32x4.mul(center, v128.load(left));
    let b = f32x4.mul(center, v128.load(left, 16));
    let c = f32x4.mul(center, v128.load(left, 32));
    let d = f32x4.mul(center, v128.load(left, 48));
    let right = left;
    for (let t = taps + 4; t <= last; t += 4) {
      const tap = v128.load32_splat(t);
      left -= bytes;
      right += bytes;
      a = f32x4.add(a, f32x4.mul(tap, f32x4.add(v128.load(left), v128.load(right))));
      b = f32x4.add(b, f32x4.mul(tap, f32x4.add(v128.load(left, 16), v128.load(right, 16))));
      c = f32x4.add(c, f32x4.mul(tap, f32x4.add(v128.load(left, 32), v128.load(right, 32))));
      d = f32x4.add(d, f32x4.mul(tap, f32x4.add(v128.load(left, 48), v128.load(right, 48))));
    }
    v128.store(target + at, a);
    v128.store(target + at, b, 16);
    v128.store(target + at, c, 32);
    v128.store(target + at, d, 48);
  }
  for (; at < total; at += 16) {
    let left = inside + at;
    let right = left;
    let a = f32x4.mul(v128.load32_splat(taps), v128.load(left));
    for (let t = taps + 4; t <= last; t += 4) {
      left -= bytes;
      right += bytes;
      const both = f32x4.add(v128.load(left), v128.load(right));
      a = f32x4.add(a, f32x4.mul(v128.load32_splat(t), both));
    }
    v128.store(target + at, a);
  }
}

/**
 * Gaussian across rows one above the other, added to the unary scores:
 * target[x] = unary[x] + scale scales[x] sum over r of taps[|r|] rows[r][x].
 *
 * @param rows addresses of the rows from -radius to radius, i32 [2 radius + 1]
 */
export function gaussianDown(
  rows: usize,
  width: i32,
  bytes: i32,
  scales: usize,
  scale: f32,
  taps: usize,
  radius: i32,
  unary: usize,
  target: usize,
): void {
  const total = <usize>(width * bytes);
  const middle = rows + ((<usize>radius) << 2);
  const reach = (<usize>radius) << 2;
  let at: usize = 0;
  for (; at + 64 <= total; at += 64) {
    const center = v128.load32_splat(taps);
    const row = <usize>load<u32>(middle) + at;
    let a = f32x4.mul(center, v128.load(row));
    let b = f32x4.mul(center, v128.load(row, 16));
    let c = f32x4.mul(center, v128.load(row, 32));
    let d = f32x4.mul(center, v128.load(row, 48));
    for (let r: usize = 4; r <= reach; r += 4) {
      const tap = v128.load32_splat(taps + r);
      const up = <usize>load<u32>(middle - r) + at;
      const down = <usize>load<u32>(middle + r) + at;
      a = f32x4.add(a, f32x4.mul(tap, f32x4.add(v128.load(up), v128.load(down))));
      b = f32x4.add(b, f32x4.mul(tap, f32x4.add(v128.load(up, 16), v128.load(down, 16))));
      c = f32x4.add(c, f32x4.mul(tap, f32x4.add(v128.load(up, 32), v128.load(down, 32))));
      d = f32x4.add(d, f32x4.mul(tap, f32x4.add(v128.load(up, 48), v128.load(down, 48))));
    }
    v128.store(target + at, a);
    v128.store(target + at, b, 16);
    v128.store(target + at, c, 32);
    v128.store(target + at, d, 48);
  }
  for (; at < total; at += 16) {
    let a = f32x4.mul(v128.load32_splat(taps), v128.load(<usize>load<u32>(middle) + at));
    for (let r: usize = 4; r <= reach; r += 4) {
      const up = v128.load(<usize>load<u32>(middle - r) + at);
      const down = v128.load(<usize>load<u32>(middle + r) + at);
      a = f32x4.add(a, f32x4.mul(v128.load32_splat(taps + r), f32x4.add(up, down)));
    }
    v128.store(target + at, a);
  }
  for (let x: usize = 0, i: usize = 0; i < total; x += 4) {
    const factor = f32x4.splat(load<f32>(scales + x) * scale);
    const end = i + bytes;
    for (; i < end; i += 16) {
      const message = f32x4.mul(factor, v128.load(target + i));
      v128.store(target + i, f32x4.add(v128.load(unary + i), message));
    }
  }
}

/** Softmax over the classes of every pixel. */
export function softmaxRows(source: usize, count: i32, bytes: i32, target: usize): void {
  let row = source;
  let out = target;
  for (let p = 0; p < count; p++) {
    let highest = v128.load(row);
    for (let c: usize = 16; c < <usize>bytes; c += 16) {
      highest = f32x4.max(highest, v128.load(row + c));
    }
    highest = f32x4.max(highest, v128.shuffle<f32>(highest, highest, 2, 3, 0, 1));
    highest = f32x4.max(highest, v128.shuffle<f32>(highest, highest, 1, 0, 3, 2));
    let sum = f32x4.splat(0);
    let c = 0;
    // Two at a time share the constants of the exponential.
    for (; c + 32 <= bytes; c += 32) {
      const a = expNonPositive(f32x4.sub(v128.load(row + c), highest));
      const b = expNonPositive(f32x4.sub(v128.load(row + c, 16), highest));
      sum = f32x4.add(sum, f32x4.add(a, b));
      v128.store(out + c, a);
      v128.store(out + c, b, 16);
    }
    if (c < bytes) {
      const a = expNonPositive(f32x4.sub(v128.load(row + c), highest));
      sum = f32x4.add(sum, a);
      v128.store(out + c, a);
    }
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 2, 3, 0, 1));
    sum = f32x4.add(sum, v128.shuffle<f32>(sum, sum, 1, 0, 3, 2));
    const scale = f32x4.div(f32x4.splat(1), sum);
    for (let c: usize = 0; c < <usize>bytes; c += 16) {
      v128.store(out + c, f32x4.mul(scale, v128.load(out + c)));
    }
    row += bytes;
    out += bytes;
  }
}
