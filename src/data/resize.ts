import type { Image, LabelMap } from "./sample.ts";

/** A rectangle of pixels, left and top included. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Bilinear on half-pixel centres. When shrinking the triangle widens so that every source pixel
 * counts, and each pass rounds to 8 bits, as the published loader does it.
 */
export function resizeImage(image: Image, width: number, height: number): Image {
  return resizeWindow(image, width, height, { x: 0, y: 0, width, height });
}

/** The given window of `resizeImage(image, width, height)`, without computing the rest. */
export function resizeWindow(image: Image, width: number, height: number, window: Window): Image {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`resize: to ${width}x${height}; sides must be whole and at least 1`);
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

/** Nearest neighbour on half-pixel centres: labels must not be mixed. */
export function resizeLabels(labels: LabelMap, width: number, height: number): LabelMap {
  const columns = nearest(labels.width, width);
  const rows = nearest(labels.height, height);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = rows[y]! * labels.width;
    for (let x = 0; x < width; x++) data[y * width + x] = labels.data[from + columns[x]!]!;
  }
  return { width, height, data };
}

function nearest(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.floor(((i + 0.5) * from) / to));
}

/** Per output position: the first source position, how many there are, and their weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` apart for each output position; they sum to 1. */
  readonly weights: Float64Array;
  readonly stride: number;
}

function taps(from: number, to: number, start: number, length: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  const stride = Math.ceil(support) * 2 + 1;
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
  const { first, count, weights, stride } = columns;
  const width = first.length;
  const source = image.data;
  const data = new Uint8Array((bottom - top) * width * 3);
  for (let y = top; y < bottom; y++) {
    let out = (y - top) * width * 3;
    for (let x = 0; x < width; x++, out += 3) {
      let at = (y * image.width + first[x]!) * 3;
      let [r, g, b] = [0.5, 0.5, 0.5];
      for (let k = x * stride, end = k + count[x]!; k < end; k++, at += 3) {
        const weight = weights[k]!;
        r += weight * source[at]!;
        g += weight * source[at + 1]!;
        b += weight * source[at + 2]!;
      }
      data[out] = r;
      data[out + 1] = g;
      data[out + 2] = b;
    }
  }
  return { width, height: bottom - top, data };
}

/** Vertical pass; `image` starts at source row `top`. */
function resizeColumns(image: Image, rows: Taps, top: number): Uint8Array {
  const { first, count, weights, stride } = rows;
  const row = image.width * 3;
  const data = new Uint8Array(first.length * row);
  const sums = new Float64Array(row);
  for (let y = 0; y < first.length; y++) {
    sums.fill(0.5);
    for (let k = 0; k < count[y]!; k++) {
      const weight = weights[y * stride + k]!;
      const from = (first[y]! + k - top) * row;
      for (let i = 0; i < row; i++) sums[i]! += weight * image.data[from + i]!;
    }
    data.set(sums, y * row);
  }
  return data;
}
