// Label maps brought to another size without mixing labels.
import type { LabelMap } from "./image.ts";

/** Nearest neighbor on half-pixel centers: labels must not be mixed. */
export function resizeLabels(labels: LabelMap, width: number, height: number): LabelMap {
  const columns = nearestPositions(labels.width, width);
  const rows = nearestPositions(labels.height, height);
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = rows[y]! * labels.width;
    for (let x = 0; x < width; x++) data[y * width + x] = labels.data[from + columns[x]!]!;
  }
  return { width, height, data };
}

/** Source position of each of `to` output positions. */
function nearestPositions(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, i) => Math.floor(((i + 0.5) * from) / to));
}

/** Every stride-th label of every stride-th row, beginning with the first. */
export function reduceLabels(labels: LabelMap, stride: number): LabelMap {
  const [width, height] = [labels.width / stride, labels.height / stride];
  if (!Number.isInteger(width) || !Number.isInteger(height)) {
    throw new RangeError(
      `reduceLabels: ${labels.width} x ${labels.height} is not a multiple of the stride ${stride}; crop to one`,
    );
  }
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[y * width + x] = labels.data[y * stride * labels.width + x * stride]!;
    }
  }
  return { width, height, data };
}
