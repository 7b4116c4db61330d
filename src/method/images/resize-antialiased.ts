// 8-bit images brought to another size with antialiasing, as the published loader of training images does it.
import type { Image } from "./image.ts";

/** A rectangle of pixels, left and top included. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes an image bilinearly on half-pixel centers. When it shrinks, the triangle of weights widens so that every
 * source pixel counts. Each of the two passes rounds to 8 bits.
 */
export function resizeImage(image: Image, width: number, height: number): Image {
  return resizeWindow(image, width, height, { x: 0, y: 0, width, height });
}

/** One window of `resizeImage(image, width, height)`, without computing the rest. */
export function resizeWindow(image: Image, width: number, height: number, window: Window): Image {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`resize: to ${width}x${height}; both sides must be whole numbers from 1`);
  }
  const { x, y } = window;
  if (x < 0 || y < 0 || x + window.width > width || y + window.height > height) {
    throw new RangeError(
      `resize: window ${window.width}x${window.height} at (${x}, ${y}) leaves ${width}x${height}`,
    );
  }
  const columns = taps(image.width, width, x, window.width);
  const rows = taps(image.height, height, y, window.height);
  const top = rows.first[0]!;
  const bottom = rows.first[window.height - 1]! + rows.count[window.height - 1]!;
  const narrow = resizeRows(image, columns, top, bottom);
  return { width: window.width, height: window.height, data: resizeColumns(narrow, rows, top) };
}

/** For each output position along an axis: its first source position, their number, and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` values for each output position, which sum to 1; those beyond `count` are 0. */
  readonly weights: Float64Array;
  /** At least 4. */
  readonly stride: number;
}

function taps(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  // At least 4, because the unrolled sums read four weights: rounding can give an enlargement three source pixels.
  const stride = Math.max(4, Math.ceil(support) * 2 + 1);
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Float64Array(length * stride);
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const low = Math.max(0, Math.floor(center - support + 0.5));
    const high = Math.min(from, Math.floor(center + support + 0.5));
    let sum = 0;
    for (let j = low; j < high; j++) {
      const weight = Math.max(0, 1 - Math.abs(j + 0.5 - center) / support);
      weights[i * stride + j - low] = weight;
      sum += weight;
    }
    for (let j = 0; j < high - low; j++) weights[i * stride + j]! /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, weights, stride };
}

/** Horizontal pass over source rows top..bottom, [bottom - top, columns, 3]. */
function resizeRows(image: Image, columns: Taps, top: number, bottom: number): Image {
  const width = columns.first.length;
  const data = new Uint8Array((bottom - top) * width * 3);
  const most = columns.count.reduce((a, b) => Math.max(a, b), 0);
  // Unrolled for few taps, which is what augmentation needs, a row takes less than half the time.
  const resizeRow = most <= 2 ? mixTwo : most <= 4 ? mixFour : mixMany;
  for (let y = top; y < bottom; y++) {
    resizeRow(image.data, y * image.width * 3, columns, data, (y - top) * width * 3);
  }
  return { width, height: bottom - top, data };
}

/** Computes a row of pixels at `to`, each from `columns.count` pixels of the source row that starts at `from`. */
type MixRow = (
  source: Uint8Array,
  from: number,
  columns: Taps,
  out: Uint8Array,
  to: number,
) => void;

const mixMany: MixRow = (source, from, { first, count, weights, stride }, out, to) => {
  for (let x = 0; x < first.length; x++, to += 3) {
    let at = from + first[x]! * 3;
    let [r, g, b] = [0.5, 0.5, 0.5];
    for (let k = x * stride, end = k + count[x]!; k < end; k++, at += 3) {
      const weight = weights[k]!;
      r += weight * source[at]!;
      g += weight * source[at + 1]!;
      b += weight * source[at + 2]!;
    }
    out[to] = r;
    out[to + 1] = g;
    out[to + 2] = b;
  }
};

/**
 * One or two source pixels, as in nearly every enlargement. Where there is one, it is read twice, the second time with
 * weight 0.
 */
const mixTwo: MixRow = (source, from, { first, count, weights, stride }, out, to) => {
  for (let x = 0, k = 0; x < first.length; x++, to += 3, k += stride) {
    const a = from + first[x]! * 3;
    const b = a + 3 * (count[x]! - 1);
    const u = weights[k]!;
    const v = weights[k + 1]!;
    for (let c = 0; c < 3; c++) out[to + c] = 0.5 + u * source[a + c]! + v * source[b + c]!;
  }
};

/** One to four source pixels, as in reductions down to half the size. */
const mixFour: MixRow = (source, from, { first, count, weights, stride }, out, to) => {
  for (let x = 0, k = 0; x < first.length; x++, to += 3, k += stride) {
    const a = from + first[x]! * 3;
    const last = a + 3 * (count[x]! - 1);
    const b = Math.min(a + 3, last);
    const c = Math.min(a + 6, last);
    const t = weights[k]!;
    const u = weights[k + 1]!;
    const v = weights[k + 2]!;
    const w = weights[k + 3]!;
    for (let i = 0; i < 3; i++) {
      out[to + i] =
        0.5 + t * source[a + i]! + u * source[b + i]! + v * source[c + i]! + w * source[last + i]!;
    }
  }
};

/** Vertical pass; `image` starts at source row `top`. */
function resizeColumns({ width, data: source }: Image, rows: Taps, top: number): Uint8Array {
  const { first, count, weights, stride } = rows;
  const row = width * 3;
  const data = new Uint8Array(first.length * row);
  const sums = new Float64Array(row);
  for (let y = 0, to = 0; y < first.length; y++, to += row) {
    const k = y * stride;
    const a = (first[y]! - top) * row;
    const last = a + row * (count[y]! - 1);
    const [t, u, v, w] = [weights[k]!, weights[k + 1]!, weights[k + 2]!, weights[k + 3]!];
    if (count[y]! <= 2) {
      for (let i = 0; i < row; i++) data[to + i] = 0.5 + t * source[a + i]! + u * source[last + i]!;
    } else if (count[y]! <= 4) {
      const [b, c] = [a + row, a + 2 * row];
      for (let i = 0; i < row; i++) {
        data[to + i] =
          0.5 +
          t * source[a + i]! +
          u * source[b + i]! +
          v * source[c + i]! +
          w * source[last + i]!;
      }
    } else {
      sums.fill(0.5);
      for (let j = 0; j < count[y]!; j++) {
        const weight = weights[k + j]!;
        const from = a + j * row;
        for (let i = 0; i < row; i++) sums[i]! += weight * source[from + i]!;
      }
      data.set(sums, to);
    }
  }
  return data;
}
