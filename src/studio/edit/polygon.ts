import { takeCenters, type TakeSpan } from "./spans.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * The pixels whose centers lie inside a closed outline. Where it crosses itself, what it goes around once or more is inside
 * (nonzero winding), so that a lasso drawn in a loop has no hole.
 */
export function fillPolygon(
  points: readonly Point[],
  size: { readonly width: number; readonly height: number },
  take: TakeSpan,
): void {
  if (points.length < 3) return;
  const heights = points.map(({ y }) => y);
  const top = heights.reduce((a, b) => Math.min(a, b));
  const bottom = heights.reduce((a, b) => Math.max(a, b));
  const firstRow = Math.max(0, Math.ceil(top - 0.5));
  const lastRow = Math.min(size.height - 1, Math.floor(bottom - 0.5));
  const crossings = crossingsByRow(points, firstRow, lastRow);
  for (let y = firstRow; y <= lastRow; y++) {
    const row = crossings[y - firstRow]!.sort((a, b) => a.x - b.x);
    let winding = 0;
    let left = 0;
    for (const { x, direction } of row) {
      if (winding === 0) left = x;
      winding += direction;
      if (winding === 0) takeCenters(y, left, x, size.width, take);
    }
  }
}

interface Crossing {
  readonly x: number;
  /** 1 for an edge that goes down, -1 for one that goes up. */
  readonly direction: number;
}

/** Where the edges cross the centers of the rows. An edge owns its upper end, so that no corner is counted twice. */
function crossingsByRow(points: readonly Point[], first: number, last: number): Crossing[][] {
  const rows = Array.from({ length: Math.max(0, last - first + 1) }, (): Crossing[] => []);
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]!;
    if (a.y === b.y) return;
    const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
    const start = Math.max(first, Math.ceil(upper.y - 0.5));
    for (let y = start; y <= last && y + 0.5 < lower.y; y++) {
      const x = upper.x + ((y + 0.5 - upper.y) / (lower.y - upper.y)) * (lower.x - upper.x);
      rows[y - first]!.push({ x, direction: a === upper ? 1 : -1 });
    }
  });
  return rows;
}
