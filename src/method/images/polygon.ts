import { UserError } from "../../user-error.ts";
import type { LabelMap } from "./image.ts";

/** Largest coordinate in pixels, either side of 0; larger ones can only be damaged data. */
const largestCoordinate = 1e8;

/** Most crossings of edges with columns of pixels: a polygon with more would take minutes and is refused. */
const mostCrossings = 2e7;

/** Lines are traced on a grid this many times finer than the pixels, as in pycocotools. */
const fineness = 5;

/**
 * Sets the pixels inside a polygon to a label, the same pixels as pycocotools: corners are rounded to fifths of a
 * pixel, and a pixel is inside if an odd number of edges lies above it.
 * @param points x0, y0, x1, y1, ... in pixels from the upper left corner of the map; the last is joined to the first
 * @param where beginning of the UserError's message if the points are no polygon
 */
export function fillPolygon(
  points: readonly number[],
  into: LabelMap,
  label: number,
  where = "polygon",
): void {
  checkPoints(points, where);
  const { width, height } = into;
  const fine = points.map((value) => Math.trunc(fineness * value + 0.5));
  let [left, right] = [width, -1];
  for (let k = 0; k < fine.length; k += 2) {
    left = Math.min(left, columnFrom(fine[k]!));
    right = Math.max(right, columnTo(fine[k]!));
  }
  left = Math.max(left, 0);
  right = Math.min(right, width - 1);
  if (left > right) return;

  // [columns, height + 1]: whether an odd number of edges lies between a pixel and the one above it.
  const stride = height + 1;
  const oddCrossings = new Uint8Array((right - left + 1) * stride);
  let crossings = 0;
  for (let k = 0; k < fine.length; k += 2) {
    const next = (k + 2) % fine.length;
    const edge = [fine[k]!, fine[k + 1]!, fine[next]!, fine[next + 1]!] as const;
    const from = Math.max(left, columnFrom(Math.min(edge[0], edge[2])));
    const to = Math.min(right, columnTo(Math.max(edge[0], edge[2])));
    crossings += Math.max(0, to - from + 1);
    if (crossings > mostCrossings) {
      throw new UserError(
        `${where}: its edges cross the ${width} columns of the image more than ${mostCrossings} times; simplify it`,
      );
    }
    for (let x = from; x <= to; x++) {
      const y = crossingRow(edge, x, height);
      oddCrossings[(x - left) * stride + y]! ^= 1;
    }
  }
  for (let x = left; x <= right; x++) {
    const column = (x - left) * stride;
    let inside = 0;
    for (let y = 0; y < height; y++) {
      inside ^= oddCrossings[column + y]!;
      if (inside === 1) into.data[y * width + x] = label;
    }
  }
}

/**
 * First column whose center is at or right of a coordinate on the fine grid; column x has it between 5x + 2 and 5x + 3.
 */
function columnFrom(u: number): number {
  return Math.ceil((u - 2) / fineness);
}

/** Last column whose center is left of a coordinate on the fine grid. */
function columnTo(u: number): number {
  return Math.floor((u - 3) / fineness);
}

/** First row of a column whose pixel is below an edge, 0 to height. */
function crossingRow(
  [ax, ay, bx, by]: readonly [number, number, number, number],
  column: number,
  height: number,
): number {
  const [dx, dy] = [Math.abs(bx - ax), Math.abs(by - ay)];
  const flat = dx >= dy;
  const flip = flat ? ax > bx : ay > by;
  const [xs, ys, xe, ye] = flip ? [bx, by, ax, ay] : [ax, ay, bx, by];
  const u = fineness * column + 2;
  let v: number;
  if (flat) {
    const slope = (ye - ys) / dx;
    const rowAt = (t: number): number => Math.trunc(ys + slope * t + 0.5);
    v = Math.min(rowAt(u - xs), rowAt(u + 1 - xs));
  } else {
    const slope = (xe - xs) / dy;
    const columnAt = (t: number): number => Math.trunc(xs + slope * t + 0.5);
    // First step after which the line is on the other side of the column: estimated, then corrected.
    const hasPassed = (t: number): boolean => columnAt(t) > u === slope > 0;
    let t = Math.min(dy, Math.max(1, Math.round((u + 0.5 - xs) / slope)));
    while (t > 1 && hasPassed(t - 1)) t--;
    while (t < dy && !hasPassed(t)) t++;
    v = ys + t - 1;
  }
  return Math.ceil(Math.min(Math.max((v + 0.5) / fineness - 0.5, 0), height));
}

function checkPoints(points: readonly number[], where: string): void {
  if (points.length < 6 || points.length % 2 !== 0) {
    throw new UserError(
      `${where}: ${points.length} coordinates; a polygon has an even number of them, at least 6`,
    );
  }
  const invalid = points.findIndex((value) => !(Math.abs(value) <= largestCoordinate));
  if (invalid >= 0) {
    throw new UserError(
      `${where}: coordinate ${invalid + 1} is ${points[invalid]}; expected a number of pixels`,
    );
  }
}
