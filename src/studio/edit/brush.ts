import { takeCenters, type TakeSpan } from "./spans.ts";

/** One position of a round brush, in pixels of the image from its top left corner, at any fraction. */
export interface Dab {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** The plane that a brush paints on. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The pixels that a round brush covers on its straight way from one position to another, row by row; a pixel is covered if its
 * center is. The pixel below the end is always covered, so that the finest brush paints, too.
 */
export function sweepBrush(from: Dab, to: Dab, { width, height }: Size, take: TakeSpan): void {
  const hull = hullOf(from, to);
  const top = Math.min(from.y - from.radius, to.y - to.radius);
  const bottom = Math.max(from.y + from.radius, to.y + to.radius);
  const firstRow = Math.max(0, Math.ceil(top - 0.5));
  const lastRow = Math.min(height - 1, Math.floor(bottom - 0.5));
  for (let y = firstRow; y <= lastRow; y++) {
    const [left, right] = hull(y + 0.5);
    takeCenters(y, left, right, width, take);
  }
  const x = Math.floor(to.x);
  const y = Math.floor(to.y);
  if (x >= 0 && y >= 0 && x < width && y < height) take(y, x, x);
}

/** Where a horizontal line crosses the convex hull of two circles: both circles and the quadrilateral between their tangents. */
function hullOf(a: Dab, b: Dab): (y: number) => readonly [left: number, right: number] {
  const corners = tangents(a, b);
  return (y) => {
    let left = Infinity;
    let right = -Infinity;
    for (const circle of [a, b]) {
      const square = circle.radius ** 2 - (y - circle.y) ** 2;
      if (square < 0) continue;
      const half = Math.sqrt(square);
      left = Math.min(left, circle.x - half);
      right = Math.max(right, circle.x + half);
    }
    for (let i = 0; i < corners.length; i++) {
      const [x0, y0] = corners[i]!;
      const [x1, y1] = corners[(i + 1) % corners.length]!;
      if (y < Math.min(y0, y1) || y > Math.max(y0, y1) || y0 === y1) continue;
      const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    return [left, right];
  };
}

type Point = readonly [x: number, y: number];

/** Where the two outer tangents touch the circles, around the quadrilateral; nothing if one circle lies in the other. */
function tangents(a: Dab, b: Dab): readonly Point[] {
  const distance = Math.hypot(b.x - a.x, b.y - a.y);
  if (distance <= Math.abs(a.radius - b.radius)) return [];
  const along: Point = [(b.x - a.x) / distance, (b.y - a.y) / distance];
  const cosine = (a.radius - b.radius) / distance;
  const sine = Math.sqrt(1 - cosine ** 2);
  const touch = (circle: Dab, side: number): Point => [
    circle.x + circle.radius * (along[0] * cosine - side * along[1] * sine),
    circle.y + circle.radius * (along[1] * cosine + side * along[0] * sine),
  ];
  return [touch(a, 1), touch(b, 1), touch(b, -1), touch(a, -1)];
}

/** Radius of a brush of this diameter: a pen that is pressed lightly paints down to a quarter of it. */
export function pressedRadius(size: number, pressure = 1): number {
  return (size / 2) * (0.25 + 0.75 * Math.min(1, Math.max(0, pressure)));
}
