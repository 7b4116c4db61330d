import { bilinearSamples, placeSamples } from "./bilinear-samples.ts";
import type { LabelMap } from "./image.ts";
import { withMaps } from "./map-memory.ts";
import type { Maps } from "./maps.ts";

/**
 * The label of the highest logit at every pixel of an image of the given size (method 3.1): bit for bit the argmax of
 * the bilinearly resized logits, the first of equal ones, without resizing most of them.
 *
 * A pixel's resized logit is a mix of the four logits at the corners of its cell, so it is between the lowest and the
 * highest of them. A class whose highest corner is below another class's lowest corner cannot win anywhere in the cell;
 * the classes that remain are its contenders. One cell with three classes:
 *
 *     class 0       class 1       class 2
 *     9 ─── 7       1 ─── 2       5 ─── 8      lowest corners:   6, 0, 4   the best of them is 6
 *     │     │       │     │       │     │      highest corners:  9, 3, 8   3 < 6: class 1 is out
 *     6 ─── 8       0 ─── 3       4 ─── 6      contenders:       0 and 2
 *
 * Most cells have one contender, the label of all their pixels; only in the others are contenders interpolated.
 *
 * A strip is the rows of pixels between two neighboring rows of logits, the cells of which are treated together.
 *
 * @param logits [C + 1, h, w]
 */
export function labelsOf(logits: Maps, width: number, height: number): LabelMap {
  const { count } = logits;
  const across = bilinearSamples(logits.width, width, false);
  const down = bilinearSamples(logits.height, height, false);
  const strips = stripsOf(down.first);
  const mostRows = Math.max(...strips.map(({ start, end }) => end - start));
  // Cells of a strip, rounded up to whole vectors of four.
  const columns = Math.ceil(logits.width / 4) * 4;
  const scratch = {
    highest: count * columns * 4, // f32 [count, columns]: highest corner of each class in each cell
    best: columns * 4, // f32 [columns]: best of the lowest corners of each cell
    counts: columns * 4, // i32 [columns]: number of contenders of each cell
    contenders: columns * count, // u8 [columns, count]: contenders of each cell
    across: 3 * width * 4, // samples of the columns of pixels
    shares: mostRows * 4, // f32 [rows]: share of the lower row of logits in each row of the strip
    ends: count * 16, // f64 [count, 2]: contenders at the upper and lower end of a column of pixels
    labels: mostRows * width, // u8 [rows, width]: the result
  };
  const data = new Uint8Array(width * height);
  withMaps(logits, scratch, ({ kernels, buffer, areas }) => {
    // NaN has no order, and interpolating infinities gives NaN: then every class is a contender. Zeros follow the
    // logits.
    const end = Math.ceil(logits.data.byteLength / 16) * 16;
    const bounded = kernels.allFinite({ floats: 0, end });
    placeSamples(across, buffer, areas.across);
    for (const { start, end } of strips) {
      const rows = end - start;
      const source = {
        logits: 0,
        count,
        height: logits.height,
        width: logits.width,
        upper: down.first[start]!,
        lower: down.second[start]!,
      };
      new Float32Array(buffer, areas.shares, rows).set(down.share.subarray(start, end));
      const { highest, best, counts, contenders, shares, ends, labels } = areas;
      kernels.findContenders({ ...source, bounded, columns, highest, best, counts, contenders });
      kernels.labelStrip({
        ...source,
        across: areas.across,
        length: width,
        shares,
        rows,
        counts,
        contenders,
        ends,
        labels,
      });
      data.set(new Uint8Array(buffer, labels, rows * width), start * width);
    }
  });
  return { width, height, data };
}

/** Rows of pixels between the same two rows of logits, `end` excluded. */
interface Strip {
  readonly start: number;
  readonly end: number;
}

/** @param first the upper row of logits of each row of pixels, ascending */
function stripsOf(first: Int32Array): Strip[] {
  const strips: Strip[] = [];
  for (let start = 0, end = 0; start < first.length; start = end) {
    while (end < first.length && first[end] === first[start]) end++;
    strips.push({ start, end });
  }
  return strips;
}
