import { withMaps } from "./map-memory.ts";
import type { LabelMap } from "./image.ts";
import type { Maps } from "./maps.ts";
import { samples } from "./resize-maps.ts";

/**
 * The label of the highest logit at every pixel of an image of the given size (method 3.1): that of
 * the bilinearly resized logits, the first of equals, to the bit and without computing them all.
 *
 * Between four logits none is above their highest or below their lowest. So of the classes around a pixel
 * only those are computed whose highest reaches the best of the lowest: in most places a single one.
 *
 * @param logits [C + 1, h, w]
 */
export function labelsOf(logits: Maps, width: number, height: number): LabelMap {
  const { count } = logits;
  const across = samples(logits.width, width, false);
  const down = samples(logits.height, height, false);
  const strips = stripsOf(down.first);
  const tallest = Math.max(...strips.map(({ start, end }) => end - start));
  const columns = Math.ceil(logits.width / 4) * 4;
  const data = new Uint8Array(width * height);
  const sizes = [
    ...[count * columns * 4, columns * 4, columns * 4, columns * count], // of the contenders
    ...[3 * width * 4, tallest * 4, count * 16, tallest * width],
  ];
  withMaps(logits, sizes, ({ kernels, buffer, areas }) => {
    const [highest, best, counts, contenders, places, shares, ends, labels] = areas as Eight;
    // Of NaN there are no bounds, and interpolating infinity makes it. Behind the logits lie zeros.
    const bounded = kernels.allFinite(0, Math.ceil(logits.data.byteLength / 16) * 16);
    new Int32Array(buffer, places, width).set(across.first);
    new Int32Array(buffer, places + width * 4, width).set(across.second);
    new Float32Array(buffer, places + width * 8, width).set(across.share);
    for (const { start, end } of strips) {
      const [upper, lower] = [down.first[start]!, down.second[start]!];
      const source = [0, count, logits.height, logits.width, upper, lower] as const;
      new Float32Array(buffer, shares, end - start).set(down.share.subarray(start, end));
      const rows = end - start;
      kernels.findContenders(...source, bounded, columns, highest, best, counts, contenders);
      kernels.labelStrip(...source, places, width, shares, rows, counts, contenders, ends, labels);
      data.set(new Uint8Array(buffer, labels, rows * width), start * width);
    }
  });
  return { width, height, data };
}

type Eight = readonly [number, number, number, number, number, number, number, number];

/** Neighboring rows that lie between the same two rows of logits. */
interface Strip {
  readonly start: number;
  readonly end: number;
}

function stripsOf(first: Int32Array): Strip[] {
  const strips: Strip[] = [];
  for (let start = 0, end = 0; start < first.length; start = end) {
    while (end < first.length && first[end] === first[start]) end++;
    strips.push({ start, end });
  }
  return strips;
}
