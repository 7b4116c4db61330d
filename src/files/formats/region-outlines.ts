import { contours } from "../../method/images/contours.ts";
import { regionBoxes, type Regions } from "../../method/images/regions.ts";

/**
 * Pixels by which outlines are moved into their region: enough for readers that cut coordinates off to whole pixels, too
 * little for pycocotools, which rounds to fifths of a pixel, to see.
 */
const inset = 0.05;

/** The outline of a part of a region. */
export interface RegionOutline {
  /** x0, y0, x1, y1, ... in pixels of the map. */
  readonly points: readonly number[];
  /** Number of pixels of the smallest box around the region. */
  readonly boxArea: number;
}

/**
 * Outlines of each region of a map, holes joined by cuts: one for regions of touching pixels, several for a class in
 * parts. They restore the region when filled by the centers of pixels (pycocotools) and when cut off to whole pixels and
 * filled with their borders (Ultralytics, supervision).
 */
export function regionOutlines(regions: Regions): RegionOutline[][] {
  const { ids, width } = regions;
  return regionBoxes(regions).map(({ left, right, top, bottom }, id) => {
    const [w, h] = [right - left + 1, bottom - top + 1];
    const mask = new Uint8Array(w * h);
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        mask[y * w + x] = ids[(y + top) * width + x + left] === id ? 1 : 0;
      }
    }
    return contours(mask, w, h, inset).map((points) => ({
      points: points.map((value, k) => value + (k % 2 === 0 ? left : top)),
      boxArea: w * h,
    }));
  });
}
