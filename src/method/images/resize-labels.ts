// Label maps brought to another size without mixing labels.
import type { LabelMap } from "./image.ts";
import type { Window } from "./resize-antialiased.ts";

/** Nearest neighbor on half-pixel centers: labels must not be mixed. */
export function resizeLabels(labels: LabelMap, width: number, height: number): LabelMap {
  return resizeLabelsWindow(labels, width, height, { x: 0, y: 0, width, height });
}

/** One window of `resizeLabels(labels, width, height)`, without computing the rest. */
export function resizeLabelsWindow(
  labels: LabelMap,
  width: number,
  height: number,
  window: Window,
): LabelMap {
  const columns = nearestPositions(labels.width, width);
  const rows = nearestPositions(labels.height, height);
  const data = new Uint8Array(window.width * window.height);
  for (let y = 0, at = 0; y < window.height; y++) {
    const from = rows[window.y + y]! * labels.width;
    for (let x = 0; x < window.width; x++) {
      data[at++] = labels.data[from + columns[window.x + x]!]!;
    }
  }
  return { width: window.width, height: window.height, data };
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
