import { crossAround, strokeOutlined } from "../canvas/outlined.ts";
import { toWindow, type Point, type View } from "../canvas/view.ts";
import type { PaintSettings } from "./paint-settings.ts";

/** Draws the ring of the brush and the line of the lasso, light on dark so that they show on any photograph. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  { view }: { readonly view: View },
  {
    settings: { tool, size },
    brush,
    isKeyboard,
    lasso,
  }: {
    readonly settings: PaintSettings;
    readonly brush: Point | undefined;
    readonly isKeyboard: boolean;
    readonly lasso: readonly Point[] | undefined;
  },
): void {
  if (lasso && lasso.length > 1) {
    const line = new Path2D();
    for (const point of lasso) {
      const { x, y } = toWindow(view, point);
      line.lineTo(x, y);
    }
    line.closePath();
    strokeOutlined(context, line);
  }
  if (brush === undefined) return;
  const { x, y } = toWindow(view, brush);
  const radius = (size / 2) * view.scale;
  const hasRing = tool === "brush" || tool === "erase";
  if (hasRing) {
    const ring = new Path2D();
    ring.arc(x, y, Math.max(1.5, radius), 0, 2 * Math.PI);
    strokeOutlined(context, ring);
  }
  // The middle of a small ring cannot be seen, and the keyboard has no other pointer.
  if (isKeyboard || (hasRing && radius < 4)) {
    const [from, to] = [Math.max(4, radius + 3), Math.max(9, radius + 9)];
    strokeOutlined(context, crossAround({ x, y }, from, to));
  }
}
