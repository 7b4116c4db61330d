// Labels of the highest of bilinearly resized logits, f32 [count, height, width], strip by strip. A strip is the area
// between two neighboring rows of logits; a cell is the part of a strip between two neighboring columns.

/** Returns 1 if all floats from `floats` up to `end` are finite, else 0. Both addresses are multiples of 16. */
export function allFinite(floats: usize, end: usize): i32 {
  const zero = f32x4.splat(0);
  let poison = zero; // x * 0 is 0 for finite x and NaN otherwise
  for (let at = floats; at < end; at += 16) {
    poison = f32x4.add(poison, f32x4.mul(v128.load(at), zero));
  }
  return i32x4.bitmask(f32x4.eq(poison, zero)) == 15 ? 1 : 0;
}

/**
 * Finds the contenders of each cell of a strip: the classes that may be the highest somewhere in it. Inside a cell, a
 * class is between the lowest and the highest of its four corner logits; it is a contender if its highest corner is at
 * least the best lowest corner of all classes.
 *
 * @param logits the logits, followed by eight zeros: the cell beyond the end of a row reads the values behind it, which
 * can only add contenders
 * @param upper row of logits above the strip, `lower` the one below it
 * @param bounded 0 if some logit is not finite: then every class is a contender
 * @param highest scratch, f32 [count, columns]; best scratch, f32 [columns]; columns a multiple of four
 * @param counts result, i32 [columns]; contenders result, u8 [columns, count], ascending
 */
export function findContenders(
  logits: usize,
  count: i32,
  height: i32,
  width: i32,
  upper: i32,
  lower: i32,
  bounded: i32,
  columns: i32,
  highest: usize,
  best: usize,
  counts: usize,
  contenders: usize,
): void {
  const bytes = (<usize>columns) << 2;
  memory.fill(counts, 0, bytes);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(best + at, f32x4.splat(-Infinity));
  for (let k = 0; k < count && bounded != 0; k++) {
    const above = logits + ((<usize>((k * height + upper) * width)) << 2);
    const below = logits + ((<usize>((k * height + lower) * width)) << 2);
    const row = highest + <usize>k * bytes;
    for (let at: usize = 0; at < bytes; at += 16) {
      const a = v128.load(above + at);
      const b = v128.load(above + at, 4);
      const c = v128.load(below + at);
      const d = v128.load(below + at, 4);
      const lowest = f32x4.min(f32x4.min(a, b), f32x4.min(c, d));
      v128.store(row + at, f32x4.max(f32x4.max(a, b), f32x4.max(c, d)));
      v128.store(best + at, f32x4.max(v128.load(best + at), lowest));
    }
  }
  for (let k = 0; k < count; k++) {
    const row = highest + <usize>k * bytes;
    for (let at: usize = 0; at < bytes; at += 16) {
      let reached = 15;
      if (bounded != 0) {
        reached = i32x4.bitmask(f32x4.ge(v128.load(row + at), v128.load(best + at)));
      }
      for (; reached != 0; reached &= reached - 1) {
        const x = (at >> 2) + <usize>ctz(reached);
        const held = load<i32>(counts + (x << 2));
        store<u8>(contenders + x * <usize>count + <usize>held, <u8>k);
        store<i32>(counts + (x << 2), held + 1);
      }
    }
  }
}

/**
 * Labels of a strip: the only contender of a cell, else the class of the highest logit, the first of equal ones. Logits
 * are interpolated in double precision and rounded to single after each direction.
 *
 * @param across samples of the `length` columns of pixels: arrays i32 first, i32 second and f32 share, one after the
 * other
 * @param shares f32 [rows], the weight of the second row of logits in each row of the strip
 * @param ends scratch, f64 [count, 2]
 * @param labels result, u8 [rows, length]
 */
export function labelStrip(
  logits: usize,
  count: i32,
  height: i32,
  width: i32,
  upper: i32,
  lower: i32,
  across: usize,
  length: i32,
  shares: usize,
  rows: i32,
  counts: usize,
  contenders: usize,
  ends: usize,
  labels: usize,
): void {
  const bytes = (<usize>length) << 2;
  const plane = (<usize>(height * width)) << 2;
  const above = logits + ((<usize>(upper * width)) << 2);
  const below = logits + ((<usize>(lower * width)) << 2);
  for (let x: i32 = 0; x < length; x++) {
    const sample = across + ((<usize>x) << 2);
    const first = <usize>load<i32>(sample);
    const held = load<i32>(counts + (first << 2));
    const list = contenders + first * <usize>count;
    const target = labels + <usize>x;
    if (held == 1) {
      const label = load<u8>(list);
      for (let y = 0, at = target; y < rows; y++, at += length) store<u8>(at, label);
      continue;
    }
    const second = (<usize>load<i32>(sample + bytes)) << 2;
    const share = <f64>load<f32>(sample + 2 * bytes);
    const rest = 1 - share;
    for (let i = 0; i < held; i++) {
      const at = <usize>load<u8>(list + i) * plane;
      const left = at + (first << 2);
      const right = at + second;
      const top = <f64>load<f32>(above + left) * rest + <f64>load<f32>(above + right) * share;
      const low = <f64>load<f32>(below + left) * rest + <f64>load<f32>(below + right) * share;
      const end = ends + ((<usize>i) << 4);
      store<f64>(end, <f64>(<f32>top));
      store<f64>(end, <f64>(<f32>low), 8);
    }
    for (let y = 0, at = target; y < rows; y++, at += length) {
      const part = <f64>load<f32>(shares + ((<usize>y) << 2));
      const other = 1 - part;
      let highest: f32 = -Infinity;
      let winner: u8 = 0;
      for (let i = 0; i < held; i++) {
        const end = ends + ((<usize>i) << 4);
        const logit = <f32>(load<f64>(end) * other + load<f64>(end, 8) * part);
        if (logit > highest) {
          highest = logit;
          winner = load<u8>(list + i);
        }
      }
      store<u8>(at, winner);
    }
  }
}
