import type { Point } from "./view.ts";

/** Draws a line light on dark, so that it shows on any photograph. */
export function strokeOutlined(context: CanvasRenderingContext2D, path: Path2D): void {
  context.lineWidth = 3;
  context.strokeStyle = "#000a";
  context.stroke(path);
  context.lineWidth = 1.25;
  context.strokeStyle = "#fff";
  context.stroke(path);
}

/** Four lines around a point, which itself stays free, from one distance to another. */
export function crossAround({ x, y }: Point, from: number, to: number): Path2D {
  const cross = new Path2D();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    cross.moveTo(x + dx * from, y + dy * from);
    cross.lineTo(x + dx * to, y + dy * to);
  }
  return cross;
}
