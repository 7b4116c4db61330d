// Permutohedral lattice (Adams, Baek and Davis 2010) of d <= 5 dimensions. A vertex has d + 1 integer coordinates that
// sum to 0 and are equal modulo d + 1. Its key consists of the quotients of the first d coordinates by d + 1, plus a
// bias, in twelve bits each, and of the common remainder from bit 60 on. Keys of neighbors differ by constants.

const QUOTIENT_BITS: u64 = 12;
const BIAS: i32 = 2048;
const REMAINDER: u64 = 1 << 60;

/** Address of the table's entry for a key. The entry is vertex + 1, or 0 if the key is not in the table yet. */
function entryOf(table: usize, shift: u64, keys: usize, key: u64): usize {
  const mask = ((<u64>1) << (64 - shift)) - 1;
  let slot = (key * 0x9e3779b97f4a7c15) >> shift;
  while (true) {
    const at = table + ((<usize>slot) << 2);
    const vertex = load<u32>(at);
    if (vertex == 0 || load<u64>(keys + ((<usize>(vertex - 1)) << 3)) == key) return at;
    slot = (slot + 1) & mask;
  }
}

/** Key with quotient 1 on an axis and 0 on the others; 0 for the last axis, whose quotient is not stored. */
function unit(axis: i32, d: i32): u64 {
  return axis < d ? (<u64>1) << (QUOTIENT_BITS * axis) : 0;
}

/** Key with quotient 1 on every axis. */
function ones(d: i32): u64 {
  let sum: u64 = 0;
  for (let axis = 0; axis < d; axis++) sum += unit(axis, d);
  return sum;
}

/** Key of the neighbor whose coordinates differ by +d on an axis and by -1 on all others. */
function after(key: u64, axis: i32, d: i32, all: u64): u64 {
  const lower = key >= REMAINDER ? key - REMAINDER : key + REMAINDER * <u64>d - all;
  return lower + unit(axis, d);
}

/** Key of the neighbor whose coordinates differ by -d on an axis and by +1 on all others. */
function before(key: u64, axis: i32, d: i32, all: u64): u64 {
  const top = REMAINDER * <u64>d;
  const higher = key < top ? key + REMAINDER : key - top + all;
  return higher - unit(axis, d);
}

/**
 * Finds the simplex around every point: its d + 1 vertices, numbered in the order in which they first occur, and the
 * barycentric weights of the point.
 *
 * @param features f32 [count, d], in deviations
 * @param scales f32 [d], factor of each dimension in the embedding into the hyperplane of the lattice
 * @param scratch 256 bytes of scratch
 * @param table u32 [2^(64 - shift)] of zeros
 * @param keys result, u64 [vertices]; simplices i32 and weights f32 [count, d + 1]
 * @returns the number of vertices
 */
export function latticeEmbed(
  features: usize,
  count: i32,
  d: i32,
  scales: usize,
  scratch: usize,
  table: usize,
  shift: i32,
  keys: usize,
  simplices: usize,
  weights: usize,
): i32 {
  const corners = d + 1;
  const width = <f32>corners;
  const elevated = scratch; // f32 [d + 1]
  const quotients = scratch + 32; // i32 [d + 1]
  const ranks = scratch + 64; // i32 [d + 1]
  const shares = scratch + 96; // f32 [d + 2]
  const units = scratch + 128; // u64 [d + 1], by rank
  let vertices = 0;
  let corner: usize = 0;
  for (let p = 0; p < count; p++) {
    const feature = features + ((<usize>(p * d)) << 2);
    let sum: f32 = 0;
    for (let j = d; j > 0; j--) {
      const i = (<usize>(j - 1)) << 2;
      const c = load<f32>(feature + i) * load<f32>(scales + i);
      store<f32>(elevated + i + 4, sum - <f32>j * c);
      sum += c;
    }
    store<f32>(elevated, sum);

    // The nearest point whose coordinates are multiples of d + 1, and the ranks of the differences from it.
    let excess = 0;
    for (let i: usize = 0; i < (<usize>corners) << 2; i += 4) {
      const quotient = nearest(load<f32>(elevated + i) / width);
      store<f32>(elevated + i, load<f32>(elevated + i) - quotient * width);
      store<i32>(quotients + i, <i32>quotient);
      store<i32>(ranks + i, 0);
      store<f32>(shares + i, 0);
      excess += <i32>quotient;
    }
    store<f32>(shares + ((<usize>corners) << 2), 0);
    for (let i: usize = 0; i < (<usize>d) << 2; i += 4) {
      for (let j = i + 4; j < (<usize>corners) << 2; j += 4) {
        const behind = load<f32>(elevated + i) < load<f32>(elevated + j) ? i : j;
        store<i32>(ranks + behind, load<i32>(ranks + behind) + 1);
      }
    }
    // Coordinates must sum to 0: lower those with the smallest differences or raise those with the largest.
    let key: u64 = 0;
    for (let axis = 0; axis < corners; axis++) {
      const i = (<usize>axis) << 2;
      let rank = load<i32>(ranks + i) + excess;
      let quotient = load<i32>(quotients + i);
      let rest = load<f32>(elevated + i);
      if (rank < 0) {
        rank += corners;
        quotient++;
        rest -= width;
      } else if (rank > d) {
        rank -= corners;
        quotient--;
        rest += width;
      }
      const one = unit(axis, d);
      key += one * <u64>(quotient + BIAS);
      store<u64>(units + ((<usize>rank) << 3), one);
      const share = rest / width;
      const low = shares + ((<usize>(d - rank)) << 2);
      store<f32>(low, load<f32>(low) + share);
      store<f32>(low, load<f32>(low, 4) - share, 4);
    }
    store<f32>(shares, load<f32>(shares) + 1 + load<f32>(shares + ((<usize>corners) << 2)));

    for (let k = 0; k < corners; k++) {
      if (k > 0) key = key + REMAINDER - load<u64>(units + ((<usize>(corners - k)) << 3));
      const entry = entryOf(table, shift, keys, key);
      let vertex = load<i32>(entry);
      if (vertex == 0) {
        store<u64>(keys + ((<usize>vertices) << 3), key);
        vertex = ++vertices;
        store<i32>(entry, vertex);
      }
      store<i32>(simplices + corner, vertex - 1);
      store<f32>(weights + corner, load<f32>(shares + ((<usize>k) << 2)));
      corner += 4;
    }
  }
  return vertices;
}

/** Enters all vertices into a table of zeros. */
export function latticeIndex(keys: usize, vertices: i32, table: usize, shift: i32): void {
  for (let v = 0; v < vertices; v++) {
    store<i32>(entryOf(table, shift, keys, load<u64>(keys + ((<usize>v) << 3))), v + 1);
  }
}

/**
 * Appends the missing vertices that have at least two existing neighbors. Without them, values that are blurred along
 * one axis could not spread along the next.
 *
 * @param keys u64 [vertices], with room for 1 + 2 (d + 1) times as many
 * @param table index of the vertices (`latticeIndex`); must be built again afterwards
 * @param counts scratch, u8 [2 (d + 1) vertices]
 * @returns the new number of vertices
 */
export function latticeBridge(
  keys: usize,
  vertices: i32,
  d: i32,
  table: usize,
  shift: i32,
  counts: usize,
): i32 {
  const all = ones(d);
  let total = vertices;
  for (let v = 0; v < vertices; v++) {
    const key = load<u64>(keys + ((<usize>v) << 3));
    for (let axis = 0; axis <= d; axis++) {
      for (let side = 0; side < 2; side++) {
        const neighbor = side == 0 ? after(key, axis, d, all) : before(key, axis, d, all);
        const entry = entryOf(table, shift, keys, neighbor);
        const known = load<i32>(entry) - 1;
        if (known < 0) {
          store<u64>(keys + ((<usize>total) << 3), neighbor);
          store<u8>(counts + <usize>(total - vertices), 1);
          store<i32>(entry, ++total);
        } else if (known >= vertices) {
          store<u8>(counts + <usize>(known - vertices), 2);
        }
      }
    }
  }
  let kept = vertices;
  for (let v = vertices; v < total; v++) {
    if (load<u8>(counts + <usize>(v - vertices)) < 2) continue;
    store<u64>(keys + ((<usize>kept) << 3), load<u64>(keys + ((<usize>v) << 3)));
    kept++;
  }
  return kept;
}

/**
 * Lists the lines of vertices along an axis: the numbers of the vertices in order, the last of each line as its bitwise
 * complement. Vertices that are alone on their line are left out, since blurring does not change them.
 *
 * @param next scratch, i32 [vertices]
 * @param inner scratch, u8 [vertices]
 * @param lines result, i32 [vertices]
 * @returns the length of `lines`
 */
export function latticeLines(
  keys: usize,
  vertices: i32,
  d: i32,
  axis: i32,
  table: usize,
  shift: i32,
  next: usize,
  inner: usize,
  lines: usize,
): i32 {
  const all = ones(d);
  memory.fill(inner, 0, vertices);
  for (let v = 0; v < vertices; v++) {
    const key = after(load<u64>(keys + ((<usize>v) << 3)), axis, d, all);
    const follower = load<i32>(entryOf(table, shift, keys, key)) - 1;
    store<i32>(next + ((<usize>v) << 2), follower);
    if (follower >= 0) store<u8>(inner + <usize>follower, 1);
  }
  let at = lines;
  for (let v = 0; v < vertices; v++) {
    if (load<u8>(inner + <usize>v) != 0 || load<i32>(next + ((<usize>v) << 2)) < 0) continue;
    let vertex = v;
    let follower = load<i32>(next + ((<usize>v) << 2));
    while (follower >= 0) {
      store<i32>(at, vertex);
      at += 4;
      vertex = follower;
      follower = load<i32>(next + ((<usize>vertex) << 2));
    }
    store<i32>(at, ~vertex);
    at += 4;
  }
  return <i32>((at - lines) >> 2);
}
