import type { PointerTool, Sample } from "../canvas/gestures.ts";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import { crossAround, strokeOutlined } from "../canvas/outlined.ts";
import type { Place } from "./stages.ts";

/** A pointer that tells where it is, and which place was clicked. */
export function placeTool(
  canvas: ImageCanvas,
  { hover, choose }: { hover: (place: Place) => void; choose: (place: Place) => void },
): PointerTool {
  const placeOf = ({ x, y }: Sample): Place | undefined => {
    const { width, height } = canvas.size;
    const place = { x: x / width, y: y / height };
    return isInside(place) ? place : undefined;
  };
  const tell = (at: Sample | undefined): void => {
    const place = at && placeOf(at);
    if (place) hover(place);
  };
  return {
    down(at) {
      const place = placeOf(at);
      if (place === undefined) return false;
      hover(place);
      choose(place);
      return true;
    },
    move: (samples) => tell(samples.at(-1)),
    up: () => undefined,
    cancel: () => undefined,
    hover: tell,
  };
}

function isInside({ x, y }: Place): boolean {
  return x >= 0 && x < 1 && y >= 0 && y < 1;
}

/** Moves a place by pixels and keeps it inside the image. */
export function movedPlace(
  { x, y }: Place,
  { dx, dy }: { readonly dx: number; readonly dy: number },
  { width, height }: { readonly width: number; readonly height: number },
): Place {
  const moved = (at: number, by: number, side: number) =>
    (Math.min(side - 1, Math.max(0, Math.floor(at * side) + by)) + 0.5) / side;
  return { x: moved(x, dx, width), y: moved(y, dy, height) };
}

/** Draws a cross at a place, and the frame of a token. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  canvas: ImageCanvas,
  {
    place,
    token,
    tokens,
  }: {
    readonly place: Place | undefined;
    readonly token: number | undefined;
    readonly tokens: { readonly width: number; readonly height: number } | undefined;
  },
): void {
  const { width, height } = canvas.size;
  if (token !== undefined && tokens !== undefined) {
    const column = token % tokens.width;
    const row = Math.floor(token / tokens.width);
    const at = (x: number, y: number) =>
      canvas.toWindow({ x: (x / tokens.width) * width, y: (y / tokens.height) * height });
    const [from, to] = [at(column, row), at(column + 1, row + 1)];
    const frame = new Path2D();
    frame.rect(from.x, from.y, to.x - from.x, to.y - from.y);
    strokeOutlined(context, frame);
  }
  if (place !== undefined) {
    const at = canvas.toWindow({ x: place.x * width, y: place.y * height });
    strokeOutlined(context, crossAround(at, 3, 9));
  }
}
