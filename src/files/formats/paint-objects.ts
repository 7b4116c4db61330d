import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { paintCounts, rleArea, rleCounts } from "../../method/images/run-lengths.ts";
import { fillPolygon } from "../../method/images/polygon.ts";
import { findRegions } from "../../method/images/regions.ts";
import type { DrawingWork } from "./drawing-limits.ts";
import type { SourceOptions } from "./source.ts";

/** An object of an image: its label and its run lengths along the columns. */
export interface MaskObject {
  readonly label: number;
  readonly counts: readonly number[];
}

/** Cost of following an edge through one column, in visited pixels. */
const columnEffort = 10;

/** Pixels inside one or more outlines, as run lengths. */
export function polygonCounts(
  polygons: readonly (readonly number[])[],
  { width, height }: { width: number; height: number },
  { where, work }: { where: string; work: DrawingWork },
): number[] {
  // Most outlines are small, so they are drawn in their bounding box. A shift by whole pixels does not change them.
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const points of polygons) {
    points.forEach((value, k) => {
      if (k % 2 === 0) [left, right] = [Math.min(left, value), Math.max(right, value)];
      else [top, bottom] = [Math.min(top, value), Math.max(bottom, value)];
    });
  }
  const [x0, y0] = [inside(Math.floor(left) - 1, width), inside(Math.floor(top) - 1, height)];
  const [x1, y1] = [inside(Math.ceil(right) + 1, width), inside(Math.ceil(bottom) + 1, height)];
  const box = { width: Math.max(1, x1 - x0), height: Math.max(1, y1 - y0) };
  // Edges may cross the box any number of times.
  const crossed = polygons.reduce((sum, points) => sum + columnsCrossed(points, width), 0);
  work.spend(box.width * box.height + columnEffort * crossed);
  const map = { ...box, data: new Uint8Array(box.width * box.height) };
  for (const points of polygons) {
    const shifted = points.map((value, k) => value - (k % 2 === 0 ? x0 : y0));
    fillPolygon(shifted, map, 1, where);
  }
  return countsInImage(
    rleCounts(map.data, box.width, box.height),
    { ...box, x0, y0 },
    { width, height },
  );
}

/** Number of columns that the edges of a polygon cross. */
function columnsCrossed(points: readonly number[], width: number): number {
  let columns = 0;
  for (let k = 0; k < points.length; k += 2) {
    const [from, to] = [inside(points[k]!, width), inside(points[(k + 2) % points.length]!, width)];
    columns += Math.abs(from - to);
  }
  return columns;
}

/** A coordinate clamped to 0..side; 0 for NaN. */
function inside(value: number, side: number): number {
  return Math.max(0, Math.min(side, value)) || 0;
}

/** Run lengths of a box inside an image, converted to run lengths of the whole image. */
function countsInImage(
  counts: readonly number[],
  box: { width: number; height: number; x0: number; y0: number },
  { width, height }: { width: number; height: number },
): number[] {
  const runs: number[] = [];
  let end = 0;
  let at = 0;
  counts.forEach((run, k) => {
    // A run that continues in the next column is split there.
    for (let left = k % 2 === 1 ? run : 0; left > 0;) {
      const y = at % box.height;
      const length = Math.min(left, box.height - y);
      const start = (box.x0 + (at - y) / box.height) * height + box.y0 + y;
      if (start === end && runs.length > 0) runs[runs.length - 1]! += length;
      else runs.push(start - end, length);
      end = start + length;
      at += length;
      left -= length;
    }
    if (k % 2 === 0) at += run;
  });
  runs.push(width * height - end);
  return runs;
}

/**
 * A label map of objects. Where they overlap, the one with fewer pixels is on top, the later one of two equals; ignored
 * objects are below all others.
 */
export function paint(
  objects: readonly MaskObject[],
  { width, height }: { readonly width: number; readonly height: number },
  work: DrawingWork,
): LabelMap {
  const map = { width, height, data: new Uint8Array(width * height) };
  const order = objects
    .map(({ label, counts }) => ({ label, counts, area: rleArea(counts) }))
    .sort(
      (a, b) =>
        Number(b.label === ignoreIndex) - Number(a.label === ignoreIndex) || b.area - a.area,
    );
  for (const { label, counts, area } of order) {
    work.spend(area);
    paintCounts(counts, map, label);
  }
  return map;
}

/** Paints objects, and reports the details that a label map cannot hold. */
export function paintObjects(
  objects: readonly MaskObject[],
  size: { readonly width: number; readonly height: number },
  name: string,
  { losses, instances, work }: Pick<SourceOptions, "losses" | "instances"> & { work: DrawingWork },
): LabelMap {
  const map = paint(objects, size, work);
  const visible = objects.filter(({ label }) => label !== ignoreIndex);
  const painted = map.data.reduce((sum, v) => sum + (v !== 0 && v !== ignoreIndex ? 1 : 0), 0);
  if (visible.reduce((sum, { counts }) => sum + rleArea(counts), 0) > painted) {
    losses.add("overlapping objects: each pixel went to the smallest", name);
  }
  const regions = findRegions(map, instances).labels.filter((label) => label !== ignoreIndex);
  if (regions.length !== visible.length) {
    losses.add(
      instances === "regions"
        ? "objects are regions of touching pixels, not the original objects"
        : "the objects of a class became one",
      name,
    );
  }
  return map;
}
