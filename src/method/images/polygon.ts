import { contours as isoLines } from "d3-contour";
import simplify from "simplify-js";
import { UserError } from "../../user-error.ts";
import type { LabelMap } from "./image.ts";

/** Coordinates farther out, in pixels, are taken for damage. */
const farthest = 1e8;

/** Edges times the pixel columns that they cross: beyond, a polygon is refused instead of drawn for minutes. */
const mostCrossings = 2e7;

/** Lines are followed on a grid this much finer than the pixels, as pycocotools does. */
const finer = 5;

/**
 * Gives the pixels inside a polygon a label, the same pixels as pycocotools: corners are rounded to fifths
 * of a pixel, and insides are what an odd number of edges lies above.
 * @param points x0, y0, x1, y1, ... in pixels from the upper left corner of the map; closed by itself
 * @param where begins the message of the UserError for what is no polygon
 */
export function fillPolygon(
  points: readonly number[],
  into: LabelMap,
  label: number,
  where = "polygon",
): void {
  checkPoints(points, where);
  const { width, height } = into;
  const fine = points.map((value) => Math.trunc(finer * value + 0.5));
  let [left, right] = [width, -1];
  for (let k = 0; k < fine.length; k += 2) {
    left = Math.min(left, columnFrom(fine[k]!));
    right = Math.max(right, columnTo(fine[k]!));
  }
  left = Math.max(left, 0);
  right = Math.min(right, width - 1);
  if (left > right) return;

  // Where the outline is crossed going down a column, once for each crossing.
  const stride = height + 1;
  const crossed = new Uint8Array((right - left + 1) * stride);
  let crossings = 0;
  for (let k = 0; k < fine.length; k += 2) {
    const next = (k + 2) % fine.length;
    const edge = [fine[k]!, fine[k + 1]!, fine[next]!, fine[next + 1]!] as const;
    const from = Math.max(left, columnFrom(Math.min(edge[0], edge[2])));
    const to = Math.min(right, columnTo(Math.max(edge[0], edge[2])));
    crossings += Math.max(0, to - from + 1);
    if (crossings > mostCrossings) {
      throw new UserError(`${where}: the outline crosses ${width} columns too often to be drawn`);
    }
    for (let x = from; x <= to; x++) {
      const y = crossingRow(edge, x, height);
      crossed[(x - left) * stride + y]! ^= 1;
    }
  }
  for (let x = left; x <= right; x++) {
    const column = (x - left) * stride;
    let inside = 0;
    for (let y = 0; y < height; y++) {
      inside ^= crossed[column + y]!;
      if (inside === 1) into.data[y * width + x] = label;
    }
  }
}

/** The first column whose middle lies at or right of a fine coordinate: between 5x + 2 and 5x + 3. */
function columnFrom(u: number): number {
  return Math.ceil((u - 2) / finer);
}

/** The last column whose middle lies left of a fine coordinate. */
function columnTo(u: number): number {
  return Math.floor((u - 3) / finer);
}

/** The row from which on the pixels of a column are beyond an edge, 0 to height. */
function crossingRow(
  [ax, ay, bx, by]: readonly [number, number, number, number],
  column: number,
  height: number,
): number {
  const [dx, dy] = [Math.abs(bx - ax), Math.abs(by - ay)];
  const flat = dx >= dy;
  const flip = flat ? ax > bx : ay > by;
  const [xs, ys, xe, ye] = flip ? [bx, by, ax, ay] : [ax, ay, bx, by];
  const u = finer * column + 2;
  let v: number;
  if (flat) {
    const slope = (ye - ys) / dx;
    const rowAt = (t: number): number => Math.trunc(ys + slope * t + 0.5);
    v = Math.min(rowAt(u - xs), rowAt(u + 1 - xs));
  } else {
    const slope = (xe - xs) / dy;
    const columnAt = (t: number): number => Math.trunc(xs + slope * t + 0.5);
    // The step after which the line is on the other side: about there, then exactly.
    const isBeyond = (t: number): boolean => columnAt(t) > u === slope > 0;
    let t = Math.min(dy, Math.max(1, Math.round((u + 0.5 - xs) / slope)));
    while (t > 1 && isBeyond(t - 1)) t--;
    while (t < dy && !isBeyond(t)) t++;
    v = ys + t - 1;
  }
  return Math.ceil(Math.min(Math.max((v + 0.5) / finer - 0.5, 0), height));
}

function checkPoints(points: readonly number[], where: string): void {
  if (points.length < 6 || points.length % 2 !== 0) {
    throw new UserError(
      `${where}: ${points.length} coordinates; a polygon has an even number of them, at least 6`,
    );
  }
  const wrong = points.findIndex((value) => !(Math.abs(value) <= farthest));
  if (wrong >= 0) {
    throw new UserError(
      `${where}: coordinate ${wrong + 1} is ${points[wrong]}; expected a number of pixels`,
    );
  }
}

export interface ContourOptions {
  /** How far, in pixels, an outline may stray from the exact one to save points. */
  readonly tolerance?: number;
}

/**
 * Outlines of the non-zero pixels of a mask, each as x0, y0, x1, y1, ... without repeating the first point;
 * the holes of a part belong to its outline by a cut of no width. Filled by the middles of the pixels, exact
 * outlines (tolerance 0) give the mask back.
 * @param mask [height, width], row-major
 */
export function contours(
  mask: Uint8Array,
  width: number,
  height: number,
  { tolerance = 0 }: ContourOptions = {},
): number[][] {
  const area = crop(mask, width, height);
  if (!area) return [];
  const { coordinates } = isoLines()
    .size([area.width, area.height])
    .smooth(false)
    .contour(area.values, 0.5);
  return coordinates.map((rings) => {
    const [outer, ...holes] = rings.map((ring) => {
      // The last point repeats the first.
      const points = ring.slice(0, -1).map(([x, y]) => ({ x: x! + area.x, y: y! + area.y }));
      return thinned(points, tolerance);
    });
    return joined(outer!, holes).flatMap(({ x, y }) => [x, y]);
  });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The part of a mask that is not empty. */
function crop(
  mask: Uint8Array,
  width: number,
  height: number,
): { x: number; y: number; width: number; height: number; values: number[] } | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  if (right < 0) return undefined;
  const size = { width: right - left + 1, height: bottom - top + 1 };
  const values: number[] = [];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) values.push(mask[y * width + x] === 0 ? 0 : 1);
  }
  return { x: left, y: top, ...size, values };
}

/** A closed outline with fewer points, at least a triangle of some area; the whole one where that is none. */
function thinned(ring: readonly Point[], tolerance: number): readonly Point[] {
  // The line is closed for simplifying and cut at two far points, so that no end is where it happens to start.
  const far = farthestFrom(ring, 0);
  const halves = [ring.slice(0, far + 1), [...ring.slice(far), ring[0]!]];
  const points = halves.flatMap((half) => simplify(half, tolerance, true).slice(0, -1));
  return points.length >= 3 && Math.abs(signedArea(points)) > 0.25 ? points : ring;
}

function farthestFrom(ring: readonly Point[], start: number): number {
  let [best, distance] = [start, -1];
  ring.forEach((point, i) => {
    const d = squared(point, ring[start]!);
    if (d > distance) [best, distance] = [i, d];
  });
  return best;
}

/** One line around an outline and its holes, each reached from the nearest point of the outline and left again. */
function joined(outer: readonly Point[], holes: readonly (readonly Point[])[]): readonly Point[] {
  const from = new Map<number, Point[]>();
  for (const hole of holes) {
    const start = hole[0]!;
    let [nearest, distance] = [0, Infinity];
    for (let i = 0; i < outer.length; i++) {
      const d = squared(outer[i]!, start);
      if (d < distance) [nearest, distance] = [i, d];
    }
    const way = from.get(nearest) ?? [];
    for (const point of [...hole, start, outer[nearest]!]) way.push(point);
    from.set(nearest, way);
  }
  return outer.flatMap((point, i) => [point, ...(from.get(i) ?? [])]);
}

function squared(a: Point, b: Point): number {
  return (a.x - b.x) ** 2 + (a.y - b.y) ** 2;
}

function signedArea(ring: readonly Point[]): number {
  let sum = 0;
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length]!;
    sum += a.x * b.y - b.x * a.y;
  });
  return sum / 2;
}
