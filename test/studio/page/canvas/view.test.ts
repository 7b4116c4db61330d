import { describe, expect, test } from "vitest";
import {
  fitView,
  keepInSight,
  panBy,
  showPoint,
  toImage,
  toWindow,
  zoomAt,
} from "../../../../src/studio/page/canvas/view.ts";

const image = { width: 400, height: 300 };
const window = { width: 824, height: 1000 };

describe("the view of an image", () => {
  test("fits the window and stands in its middle; tiny images are not blown up beyond eight times", () => {
    expect(fitView(image, window)).toEqual({ scale: 2, x: 12, y: 200 });
    expect(fitView({ width: 10, height: 10 }, window).scale).toBe(8);
  });

  test("keeps the point below the pointer where it is when it is zoomed", () => {
    let view = fitView(image, window);
    const pointer = { x: 300, y: 450 };
    const before = toImage(view, pointer);
    for (const factor of [1.5, 1.5, 0.7, 3]) view = zoomAt(view, factor, pointer, image, window);
    expect(toImage(view, pointer).x).toBeCloseTo(before.x, 9);
    expect(toImage(view, pointer).y).toBeCloseTo(before.y, 9);
    expect(view.scale).toBeCloseTo(2 * 1.5 * 1.5 * 0.7 * 3, 9);
  });

  test("has limits: a pixel of 48 CSS pixels, and a quarter of what fits", () => {
    const view = fitView(image, window);
    const middle = { x: 412, y: 500 };
    expect(zoomAt(view, 1e6, middle, image, window).scale).toBe(48);
    expect(zoomAt(view, 1e-6, middle, image, window).scale).toBe(0.5);
    // An image larger than the window can always be seen as a whole, and a small one pixel by pixel.
    expect(zoomAt(fitView({ width: 10, height: 10 }, window), 1e-6, middle, { width: 10, height: 10 }, window).scale).toBe(1); // prettier-ignore
  });

  test("never loses the image out of sight", () => {
    const view = fitView(image, window);
    for (const [dx, dy] of [
      [1e5, 1e5],
      [-1e5, -1e5],
    ] as const) {
      const moved = panBy(view, dx, dy, image, window);
      const corner = toWindow(moved, dx > 0 ? { x: 0, y: 0 } : { x: 400, y: 300 });
      expect(corner.x).toBe(dx > 0 ? 824 - 48 : 48);
      expect(corner.y).toBe(dx > 0 ? 1000 - 48 : 48);
    }
    expect(keepInSight(view, image, window)).toEqual(view);
  });

  test("moves just so far that a point lies in the window, away from its edges", () => {
    const view = { scale: 4, x: 0, y: 0 };
    expect(showPoint(view, { x: 100, y: 100 }, window)).toEqual(view);
    const shown = showPoint(view, { x: 399.5, y: 100 }, window);
    expect(toWindow(shown, { x: 399.5, y: 100 }).x).toBe(824 - 40);
    expect(shown.y).toBe(0);
  });
});
