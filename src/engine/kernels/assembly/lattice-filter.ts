// Splatting, blurring and slicing on a permutohedral lattice. Every point and every vertex has a row of values: one
// float for each map, padded to whole vectors. `bytes` is the length of a row.

/** Adds each point's row, times its barycentric weights, to the rows of its simplex's vertices. */
export function latticeSplat(
  simplices: usize,
  weights: usize,
  corners: i32,
  count: i32,
  source: usize,
  vertices: usize,
  bytes: i32,
): void {
  const total = (<usize>(corners * count)) << 2;
  const pointCorners = (<usize>corners) << 2;
  let point = source;
  for (let at: usize = 0; at < total; point += bytes) {
    const end = at + pointCorners;
    for (; at < end; at += 4) {
      const weight = v128.load32_splat(weights + at);
      const row = vertices + <usize>load<i32>(simplices + at) * <usize>bytes;
      for (let c: usize = 0; c < <usize>bytes; c += 16) {
        const part = f32x4.mul(weight, v128.load(point + c));
        v128.store(row + c, f32x4.add(v128.load(row + c), part));
      }
    }
  }
}

/** Adds to each point's row the rows of its simplex's vertices, times its barycentric weights. */
export function latticeSlice(
  simplices: usize,
  weights: usize,
  corners: i32,
  count: i32,
  vertices: usize,
  target: usize,
  bytes: i32,
): void {
  const total = (<usize>(corners * count)) << 2;
  const pointCorners = (<usize>corners) << 2;
  let point = target;
  for (let at: usize = 0; at < total; point += bytes) {
    const end = at + pointCorners;
    // Three corners at a time, so that sums are stored less often: simplices have three or six corners.
    for (; at + 12 <= end; at += 12) {
      const weightA = v128.load32_splat(weights + at);
      const weightB = v128.load32_splat(weights + at, 4);
      const weightC = v128.load32_splat(weights + at, 8);
      const rowA = vertices + <usize>load<i32>(simplices + at) * <usize>bytes;
      const rowB = vertices + <usize>load<i32>(simplices + at, 4) * <usize>bytes;
      const rowC = vertices + <usize>load<i32>(simplices + at, 8) * <usize>bytes;
      for (let c: usize = 0; c < <usize>bytes; c += 16) {
        const a = f32x4.mul(weightA, v128.load(rowA + c));
        const b = f32x4.mul(weightB, v128.load(rowB + c));
        const d = f32x4.mul(weightC, v128.load(rowC + c));
        const sum = f32x4.add(f32x4.add(a, b), d);
        v128.store(point + c, f32x4.add(v128.load(point + c), sum));
      }
    }
    for (; at < end; at += 4) {
      const weight = v128.load32_splat(weights + at);
      const row = vertices + <usize>load<i32>(simplices + at) * <usize>bytes;
      for (let c: usize = 0; c < <usize>bytes; c += 16) {
        const part = f32x4.mul(weight, v128.load(row + c));
        v128.store(point + c, f32x4.add(v128.load(point + c), part));
      }
    }
  }
}

/**
 * Blurs along lines of vertices in place: adds to each vertex `side` times its two neighbors on the line.
 *
 * @param lines numbers of vertices, i32 [length]; the last of each line is stored as its bitwise complement
 * @param previous scratch for one row
 */
export function latticeBlur(
  lines: usize,
  length: i32,
  vertices: usize,
  bytes: i32,
  side: f32,
  previous: usize,
): void {
  const part = f32x4.splat(side);
  const end = lines + ((<usize>length) << 2);
  let at = lines;
  while (at < end) {
    // The first vertex of a line has a neighbor on one side only, and is never the last.
    let row = vertices + <usize>load<i32>(at) * <usize>bytes;
    at += 4;
    let vertex = load<i32>(at);
    let next = vertices + <usize>(vertex ^ (vertex >> 31)) * <usize>bytes;
    for (let c: usize = 0; c < <usize>bytes; c += 16) {
      const value = v128.load(row + c);
      v128.store(previous + c, value);
      v128.store(row + c, f32x4.add(value, f32x4.mul(part, v128.load(next + c))));
    }
    while (vertex >= 0) {
      row = next;
      at += 4;
      vertex = load<i32>(at);
      next = vertices + <usize>(vertex ^ (vertex >> 31)) * <usize>bytes;
      let c = 0;
      for (; c + 32 <= bytes; c += 32) {
        const held = previous + c;
        const here = row + c;
        const there = next + c;
        const a = v128.load(here);
        const b = v128.load(here, 16);
        const sidesA = f32x4.add(v128.load(held), v128.load(there));
        const sidesB = f32x4.add(v128.load(held, 16), v128.load(there, 16));
        v128.store(held, a);
        v128.store(held, b, 16);
        v128.store(here, f32x4.add(a, f32x4.mul(part, sidesA)));
        v128.store(here, f32x4.add(b, f32x4.mul(part, sidesB)), 16);
      }
      if (c < bytes) {
        const a = v128.load(row + c);
        const sides = f32x4.add(v128.load(previous + c), v128.load(next + c));
        v128.store(previous + c, a);
        v128.store(row + c, f32x4.add(a, f32x4.mul(part, sides)));
      }
    }
    for (let c: usize = 0; c < <usize>bytes; c += 16) {
      const before = f32x4.mul(part, v128.load(previous + c));
      v128.store(next + c, f32x4.add(v128.load(next + c), before));
    }
    at += 4;
  }
}
