import { contours as isoLines } from "d3-contour";

/** A point of a ring in the middle of the side between two pixels, one of which is in the mask. */
interface Side {
  readonly x: number;
  readonly y: number;
  /** Direction to the pixel that is in the mask. */
  readonly dx: number;
  readonly dy: number;
}

type Ring = readonly Side[];

/** Pixels that have a value in a rectangle. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly values: number[];
}

/** A place on a ring. */
interface Place {
  readonly ring: Ring;
  readonly index: number;
}

/**
 * Outlines of the non-zero pixels of a mask, one for each part, as x0, y0, x1, y1, ... without repeating the first
 * point. They follow the sides of the pixels and restore the mask when they are filled by the centers of pixels. Holes
 * are joined to the outline around them, or to a hole left of them, by horizontal cuts of no width through the part.
 * @param mask [height, width], row-major
 * @param inset pixels, 0 to 0.5, by which outlines lie inside their part. With any inset above the rounding errors, each
 *   point of an outline is in a pixel of the part, and readers that cut coordinates off to whole pixels and fill the pixels
 *   on the outline too, as OpenCV's `fillPoly` does, restore the mask as well.
 */
export function contours(mask: Uint8Array, width: number, height: number, inset = 0): number[][] {
  const area = crop(mask, width, height);
  if (!area) return [];
  const { coordinates } = isoLines()
    .size([area.width, area.height])
    .smooth(false)
    .contour(area.values, 0.5);
  return coordinates.map((rings) => {
    // The last point repeats the first.
    const sides = rings.map((ring) => ring.slice(0, -1).map(([x, y]) => sideAt(area, x!, y!)));
    const points = walk(sides[0]!, cuts(area, sides), area, inset);
    return points.map((value, k) => value + (k % 2 === 0 ? area.x : area.y));
  });
}

/** Smallest part of a mask that has all of its non-zero pixels; undefined if there are none. */
function crop(
  mask: Uint8Array,
  width: number,
  height: number,
): (Pixels & { readonly x: number; readonly y: number }) | undefined {
  let [left, right, top, bottom] = [width, -1, height, 0];
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

/** Whether the pixel around a point is in the mask. */
function isSet({ width, height, values }: Pixels, x: number, y: number): boolean {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || column >= width || row < 0 || row >= height) return false;
  return values[row * width + column] === 1;
}

function sideAt(pixels: Pixels, x: number, y: number): Side {
  const isVertical = Number.isInteger(x);
  if (isVertical) return { x, y, dx: isSet(pixels, x, y) ? 1 : -1, dy: 0 };
  return { x, y, dx: 0, dy: isSet(pixels, x, y) ? 1 : -1 };
}

/** The hole that is joined to a side, for sides that have one: from its leftmost side to the next ring on the left. */
function cuts(pixels: Pixels, [outer, ...holes]: readonly Ring[]): ReadonlyMap<Side, Place> {
  const joined = new Map<Side, Place>();
  if (holes.length === 0) return joined;
  const key = (x: number, y: number): number => Math.floor(y) * (pixels.width + 1) + x;
  const vertical = new Map<number, Side>();
  for (const side of [outer!, ...holes].flat()) {
    if (side.dx !== 0) vertical.set(key(side.x, side.y), side);
  }
  for (const ring of holes) {
    const index = ring.reduce((best, { x, dx }, i) => {
      return dx !== 0 && (ring[best]!.dx === 0 || x < ring[best]!.x) ? i : best;
    }, 0);
    const { x, y } = ring[index]!;
    let left = x;
    while (isSet(pixels, left - 1, y)) left--;
    joined.set(vertical.get(key(left, y))!, { ring, index });
  }
  return joined;
}

/** The corners along a ring, with detours around the holes that are joined to it. */
function walk(
  outer: Ring,
  joined: ReadonlyMap<Side, Place>,
  pixels: Pixels,
  inset: number,
): number[] {
  const points: number[] = [];
  const push = ({ x, y, dx, dy }: Side): void => {
    points.push(x + inset * dx, y + inset * dy);
  };
  // Instead of recursion, since holes may be joined to each other thousands of times.
  const visits = [{ ring: outer, index: 0, done: 0 }];
  while (visits.length > 0) {
    const visit = visits.at(-1)!;
    const { ring, index } = visit;
    const sideAfter = (done: number): Side => ring[(index + done) % ring.length]!;
    if (visit.done === ring.length) {
      visits.pop();
      const around = visits.at(-1);
      if (!around) break;
      push(ring[index]!);
      push(around.ring[(around.index + around.done) % around.ring.length]!);
      continue;
    }
    const side = sideAfter(visit.done + 1);
    points.push(...corners(sideAfter(visit.done), side, pixels, inset));
    visit.done++;
    const hole = joined.get(side);
    if (!hole) continue;
    push(side);
    push(hole.ring[hole.index]!);
    visits.push({ ...hole, done: 0 });
  }
  return points;
}

/** The corners between two neighboring sides of a ring; none along a straight line. */
function corners(from: Side, to: Side, pixels: Pixels, inset: number): number[] {
  if ((from.dx === 0) === (to.dx === 0)) return [];
  const [vertical, horizontal] = from.dx === 0 ? [to, from] : [from, to];
  const x = vertical.x + inset * vertical.dx;
  const y = horizontal.y + inset * horizontal.dy;
  if (inset === 0 || isSet(pixels, x, y)) return [x, y];
  // Two pixels that touch only here: through the point that they share.
  const beside = [x, horizontal.y + inset * Math.sign(vertical.y - horizontal.y)];
  const beyond = [vertical.x + inset * Math.sign(horizontal.x - vertical.x), y];
  return from.dx === 0 ? [...beyond, ...beside] : [...beside, ...beyond];
}
