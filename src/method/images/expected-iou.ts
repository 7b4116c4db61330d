import type { LabelMap } from "./image.ts";
import type { Maps } from "./maps.ts";

/** Most rows to read; more of them cost more time than they sharpen the result. */
const mostRows = 48;

/** Logits this far below the highest have a probability below 1e-7, which counts as 0. */
const negligible = 17;

/**
 * The mean IoU that a mask can be expected to have if the probabilities of its pixels are right, 0..1: for every class
 * the expected intersection over the expected union, averaged over the background and `tags`. A tag without pixels
 * counts as 0, and so does a background without pixels that has any probability.
 *
 * @param logits [C + 1, h, w], of any size: the mask is read at the middle of their cells, in up to 48 rows of them
 * @param labels 0 for the background, c + 1 for channel c + 1 of the logits
 * @param tags classes to average over, from 0
 */
export function expectedIou(logits: Maps, labels: LabelMap, tags: readonly number[]): number {
  const { count, width, height, data } = logits;
  const area = width * height;
  const inside = new Float64Array(count);
  const all = new Float64Array(count);
  const pixels = new Float64Array(count);
  // Row by row, so that the innermost loops run along memory.
  const highest = new Float32Array(width);
  const sums = new Float64Array(width);
  const row = new Uint8Array(width);
  const weights = new Float64Array(count * width);
  const step = Math.ceil(height / mostRows);
  for (let y = Math.floor((step - 1) / 2); y < height; y += step) {
    const from = y * width;
    readRow(labels, Math.floor(((y + 0.5) * labels.height) / height), row);
    highest.fill(-Infinity);
    for (let c = 0; c < count; c++) {
      for (let x = 0, i = c * area + from; x < width; x++, i++) {
        if (data[i]! > highest[x]!) highest[x] = data[i]!;
      }
    }
    sums.fill(0);
    for (let c = 0, w = 0; c < count; c++) {
      for (let x = 0, i = c * area + from; x < width; x++, i++, w++) {
        const below = highest[x]! - data[i]!;
        sums[x]! += weights[w] = below < negligible ? Math.exp(-below) : 0;
      }
    }
    for (let x = 0; x < width; x++) sums[x] = 1 / sums[x]!;
    for (let c = 0, w = 0; c < count; c++) {
      for (let x = 0; x < width; x++, w++) {
        if (weights[w] === 0) continue;
        const probability = weights[w]! * sums[x]!;
        all[c]! += probability;
        if (row[x] === c) inside[c]! += probability;
      }
    }
    for (let x = 0; x < width; x++) if (row[x]! < count) pixels[row[x]!]!++;
  }
  let total = 0;
  for (const c of [0, ...tags.map((tag) => tag + 1)]) {
    const union = pixels[c]! + all[c]! - inside[c]!;
    total += union > 0 ? inside[c]! / union : 0;
  }
  return total / (tags.length + 1);
}

/** A row of the labels, each read at the middle of one of `out.length` equal parts. */
function readRow({ width, data }: LabelMap, row: number, out: Uint8Array): void {
  for (let x = 0; x < out.length; x++) {
    out[x] = data[row * width + Math.floor(((x + 0.5) * width) / out.length)]!;
  }
}
