import { ignoreIndex, type LabelMap } from "../images/image.ts";
import type { Box } from "../images/maps.ts";

/** Known labels where there are any, and elsewhere the network's own (method 2.15). */
export function mergeKnown(known: LabelMap, own: LabelMap): LabelMap {
  const { width, height } = known;
  if (own.width !== width || own.height !== height) {
    throw new RangeError(
      `mergeKnown: known labels are ${width} x ${height}, the others ${own.width} x ${own.height}; crop both alike`,
    );
  }
  const data = known.data.map((label, p) => (label === ignoreIndex ? own.data[p]! : label));
  return { width, height, data };
}

/** Whether the label of every pixel in the box is known. */
export function isKnownInside({ width, data }: LabelMap, [y0, y1, x0, x1]: Box): boolean {
  for (let y = y0; y < y1; y++) {
    if (data.subarray(y * width + x0, y * width + x1).includes(ignoreIndex)) return false;
  }
  return true;
}
