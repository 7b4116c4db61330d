export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How an image lies in its window: CSS pixels for a pixel of the image, and the place of its top left corner. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Largest side of an image's pixel on the screen. */
const mostScale = 48;
/** Smallest part of the fitting size that an image is shrunk to. */
const leastShare = 0.25;
/** So much of an image stays in the window when it is pushed aside, in CSS pixels. */
const keptInSight = 48;

/** Shows the whole image in the middle of the window; small ones at most at eight times their size. */
export function fitView(image: Size, window: Size, margin = 12): View {
  const scale = Math.min(
    8,
    Math.max(16, window.width - 2 * margin) / image.width,
    Math.max(16, window.height - 2 * margin) / image.height,
  );
  return centered(image, window, scale);
}

function centered(image: Size, window: Size, scale: number): View {
  return {
    scale,
    x: (window.width - image.width * scale) / 2,
    y: (window.height - image.height * scale) / 2,
  };
}

/** Zooms around a point of the window, which stays where it is. */
export function zoomAt(view: View, factor: number, at: Point, image: Size, window: Size): View {
  const least = Math.min(1, leastShare * fitView(image, window).scale);
  const scale = Math.min(mostScale, Math.max(least, view.scale * factor));
  const grown = scale / view.scale;
  const moved = { scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown };
  return keepInSight(moved, image, window);
}

export function panBy(view: View, dx: number, dy: number, image: Size, window: Size): View {
  return keepInSight({ ...view, x: view.x + dx, y: view.y + dy }, image, window);
}

/** Moves a view as little as possible so that a part of the image can be seen. */
export function keepInSight(view: View, image: Size, window: Size): View {
  const limit = (offset: number, side: number, space: number): number => {
    const kept = Math.min(keptInSight, side, space);
    return Math.min(space - kept, Math.max(kept - side, offset));
  };
  return {
    scale: view.scale,
    x: limit(view.x, image.width * view.scale, window.width),
    y: limit(view.y, image.height * view.scale, window.height),
  };
}

/** Moves a view as little as possible so that a point of the image lies in the window, away from its edges. */
export function showPoint(view: View, at: Point, window: Size): View {
  const move = (offset: number, pixel: number, space: number): number => {
    const margin = Math.min(40, space / 4);
    const place = offset + pixel * view.scale;
    return offset + Math.max(0, margin - place) - Math.max(0, place - (space - margin));
  };
  return {
    scale: view.scale,
    x: move(view.x, at.x, window.width),
    y: move(view.y, at.y, window.height),
  };
}

/** The place in the image, in its pixels, of a point in the window. */
export function toImage(view: View, { x, y }: Point): Point {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale };
}

export function toWindow(view: View, { x, y }: Point): Point {
  return { x: view.x + x * view.scale, y: view.y + y * view.scale };
}
