// Bilinear resizing of RGB pixels, [h, w, 3], and of maps, [h, w], in double precision, rounded to single after each
// direction. Rows of pixels have room for one more float, since pixels are read and written four floats at a time.

/** Looks up the values of a row's pixel levels: values[i] = table[channel][pixels[i]], table f32 [3, 256]. */
export function pixelValues(pixels: usize, width: i32, table: usize, values: usize): void {
  const end = pixels + <usize>(3 * width);
  for (let at = pixels, to = values; at < end; at += 3, to += 12) {
    store<f32>(to, load<f32>(table + ((<usize>load<u8>(at)) << 2)));
    store<f32>(to, load<f32>(table + ((<usize>load<u8>(at, 1)) << 2), 1024), 4);
    store<f32>(to, load<f32>(table + ((<usize>load<u8>(at, 2)) << 2), 2048), 8);
  }
}

/**
 * Resizes a row of values horizontally.
 * @param samples positions of the result's pixels: arrays i32 first, i32 second and f32 share, one after the other
 */
export function resizeAcross(values: usize, samples: usize, width: i32, out: usize): void {
  const bytes = (<usize>width) << 2;
  for (let x: usize = 0, to = out; x < bytes; x += 4, to += 12) {
    const first = v128.load(values + <usize>load<i32>(samples + x) * 12);
    const second = v128.load(values + <usize>load<i32>(samples + bytes + x) * 12);
    const share = <f64>load<f32>(samples + 2 * bytes + x);
    v128.store(to, mixed(first, second, f64x2.splat(1 - share), f64x2.splat(share)));
  }
}

/** (1 - share) · upper + share · lower; `count` floats, written in whole vectors. */
export function mixRows(upper: usize, lower: usize, share: f32, count: i32, out: usize): void {
  const part = f64x2.splat(<f64>share);
  const rest = f64x2.splat(1 - <f64>share);
  const bytes = (<usize>count) << 2;
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(out + at, mixed(v128.load(upper + at), v128.load(lower + at), rest, part));
  }
}

function mixed(a: v128, b: v128, rest: v128, part: v128): v128 {
  const low = f64x2.add(
    f64x2.mul(f64x2.promote_low_f32x4(a), rest),
    f64x2.mul(f64x2.promote_low_f32x4(b), part),
  );
  const high = f64x2.add(
    f64x2.mul(f64x2.promote_low_f32x4(i64x2.shuffle(a, a, 1, 0)), rest),
    f64x2.mul(f64x2.promote_low_f32x4(i64x2.shuffle(b, b, 1, 0)), part),
  );
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/**
 * Resizes a map, f32 [height, width], to [toHeight, toWidth].
 * @param across samples of the columns, `down` those of the rows, as in `resizeAcross`
 * @param rows scratch, f32 [height, toWidth]; it and `out` have room for three more floats
 */
export function resizeMap(
  source: usize,
  height: i32,
  width: i32,
  across: usize,
  toWidth: i32,
  down: usize,
  toHeight: i32,
  rows: usize,
  out: usize,
): void {
  const line = (<usize>width) << 2;
  const bytes = (<usize>toWidth) << 2;
  for (let y = 0, from = source, to = rows; y < height; y++, from += line) {
    for (let x: usize = 0; x < bytes; x += 4, to += 4) {
      const first = <f64>load<f32>(from + ((<usize>load<i32>(across + x)) << 2));
      const second = <f64>load<f32>(from + ((<usize>load<i32>(across + bytes + x)) << 2));
      const share = <f64>load<f32>(across + 2 * bytes + x);
      store<f32>(to, <f32>(first * (1 - share) + second * share));
    }
  }
  const column = (<usize>toHeight) << 2;
  for (let y: usize = 0, to = out; y < column; y += 4, to += bytes) {
    const upper = rows + <usize>load<i32>(down + y) * bytes;
    const lower = rows + <usize>load<i32>(down + column + y) * bytes;
    mixRows(upper, lower, load<f32>(down + 2 * column + y), toWidth, to);
  }
}
