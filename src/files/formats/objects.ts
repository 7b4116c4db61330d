import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { paintCounts, rleArea, rleCounts } from "../../method/images/run-lengths.ts";
import { fillPolygon } from "../../method/images/polygon.ts";
import { findRegions } from "../../method/images/regions.ts";
import { UserError } from "../../user-error.ts";
import type { SourceOptions } from "./source.ts";

/** Images beyond this many pixels are refused: a few bytes may claim any size, and no pixels prove it. */
const pixelLimit = 50_000_000;

/** An object of an image: its label and its run lengths down the columns. */
export interface MaskObject {
  readonly label: number;
  readonly counts: readonly number[];
}

/** Throws a UserError unless this can be the size of an image. */
export function checkSize(width: unknown, height: unknown, where: string): void {
  const fine = (side: unknown): side is number =>
    Number.isSafeInteger(side) && (side as number) > 0;
  if (fine(width) && fine(height) && width * height <= pixelLimit) return;
  throw new UserError(
    `${where}: the image is ${String(width)}x${String(height)}; expected whole numbers from 1, and at most ${pixelLimit} pixels`,
  );
}

/** Objects of one image, and pixels visited to draw them: what is beyond would take minutes. */
const mostObjects = 200_000;
const mostVisits = 2e10;

/** The effort of following an edge through a column, in pixels visited. */
const columnEffort = 10;

/** Counts what drawing the objects of an image takes; a UserError where that is out of proportion. */
export class DrawingWork {
  private objects = 0;
  private visits = 0;

  /**
   * @param where begins the message
   * @param limit most pixels that may be visited
   */
  constructor(
    private readonly where: string,
    private readonly limit = mostVisits,
  ) {}

  /** Before an object is drawn by visiting so many pixels. */
  spend(pixels: number): void {
    this.objects++;
    this.visits += pixels;
    if (this.objects <= mostObjects && this.visits <= this.limit) return;
    throw new UserError(
      `${this.where}: has more objects, or larger ones, than can be drawn: ${this.objects} that cover ${this.visits} pixels so far`,
    );
  }
}

/** The pixels that one or more outlines surround, as run lengths. */
export function polygonCounts(
  polygons: readonly (readonly number[])[],
  { width, height }: { width: number; height: number },
  { where, work }: { where: string; work: DrawingWork },
): number[] {
  // Drawn in the box around them: most are small. Whole pixels farther in, they stay the same.
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
  // Edges may lead to and fro without end.
  const crossed = polygons.reduce((sum, points) => sum + columnsCrossed(points, width), 0);
  work.spend(box.width * box.height + columnEffort * crossed);
  const map = { ...box, data: new Uint8Array(box.width * box.height) };
  for (const points of polygons) {
    const moved = points.map((value, k) => value - (k % 2 === 0 ? x0 : y0));
    fillPolygon(moved, map, 1, where);
  }
  return placedCounts(
    rleCounts(map.data, box.width, box.height),
    { ...box, x0, y0 },
    { width, height },
  );
}

/** Columns of an image that the edges of a polygon go through. */
function columnsCrossed(points: readonly number[], width: number): number {
  let columns = 0;
  for (let k = 0; k < points.length; k += 2) {
    const [from, to] = [inside(points[k]!, width), inside(points[(k + 2) % points.length]!, width)];
    columns += Math.abs(from - to);
  }
  return columns;
}

/** The nearest coordinate from 0 to the side of an image; 0 for what is no number. */
function inside(value: number, side: number): number {
  return Math.max(0, Math.min(side, value)) || 0;
}

/** Run lengths of a box as those of the whole that it lies in. */
function placedCounts(
  counts: readonly number[],
  box: { width: number; height: number; x0: number; y0: number },
  { width, height }: { width: number; height: number },
): number[] {
  const placed: number[] = [];
  let end = 0;
  let at = 0;
  counts.forEach((run, k) => {
    // A run is cut where it goes on in the next column.
    for (let left = k % 2 === 1 ? run : 0; left > 0;) {
      const y = at % box.height;
      const length = Math.min(left, box.height - y);
      const start = (box.x0 + (at - y) / box.height) * height + box.y0 + y;
      if (start === end && placed.length > 0) placed[placed.length - 1]! += length;
      else placed.push(start - end, length);
      end = start + length;
      at += length;
      left -= length;
    }
    if (k % 2 === 0) at += run;
  });
  placed.push(width * height - end);
  return placed;
}

/**
 * One label for each pixel out of objects: where they overlap the one of fewer pixels is seen, the later one of
 * equals, and ignored ones are below all others.
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

/** Paints objects, and counts as lost what cannot be told from the labels. */
export function paintObjects(
  objects: readonly MaskObject[],
  size: { readonly width: number; readonly height: number },
  name: string,
  { losses, instances, work }: Pick<SourceOptions, "losses" | "instances"> & { work: DrawingWork },
): LabelMap {
  const map = paint(objects, size, work);
  const seen = objects.filter(({ label }) => label !== ignoreIndex);
  const painted = map.data.reduce((sum, v) => sum + (v !== 0 && v !== ignoreIndex ? 1 : 0), 0);
  if (seen.reduce((sum, { counts }) => sum + rleArea(counts), 0) > painted) {
    losses.add("overlapping objects: each pixel went to the smallest", name);
  }
  const found = findRegions(map, instances).labels.filter((label) => label !== ignoreIndex);
  if (found.length !== seen.length) {
    losses.add(
      instances === "regions"
        ? "objects are told apart by what touches, other than before"
        : "the objects of a class became one",
      name,
    );
  }
  return map;
}
