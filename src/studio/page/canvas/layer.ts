import type { Rect } from "../../edit/rect.ts";
import type { Size } from "./view.ts";

/** Something drawn over the whole image, from a pixel grid of its own. */
export interface CanvasLayer {
  readonly size: Size;
  /** 0..1 */
  readonly opacity: number;
  /** Draws the parts that lie in `visible`, in its own pixels; `place` gives the place of a part in the canvas. */
  draw(context: CanvasRenderingContext2D, visible: Rect, place: (part: Rect) => Rect): void;
  /** Shares of the image's width between which it is drawn, to compare two by wiping; all of it by default. */
  readonly between?: readonly [from: number, to: number];
}

/** An image, a map of heat or anything else that is drawn as a whole. */
export class PictureLayer implements CanvasLayer {
  readonly size: Size;
  opacity: number;
  between?: readonly [from: number, to: number];
  readonly #source: CanvasImageSource;
  readonly #smoothUpTo: number;

  /** @param smoothUpTo enlargement beyond which pixels are shown as squares; 1 for labels, whose values have no between */
  constructor(
    source: CanvasImageSource & Size,
    { opacity = 1, smoothUpTo = Infinity }: { opacity?: number; smoothUpTo?: number } = {},
  ) {
    this.size = { width: source.width, height: source.height };
    this.#source = source;
    this.opacity = opacity;
    this.#smoothUpTo = smoothUpTo;
  }

  draw(context: CanvasRenderingContext2D, visible: Rect, place: (part: Rect) => Rect): void {
    const to = place(visible);
    context.imageSmoothingEnabled = to.width <= visible.width * this.#smoothUpTo;
    context.imageSmoothingQuality = "medium";
    const { x, y, width, height } = visible;
    context.drawImage(this.#source, x, y, width, height, to.x, to.y, to.width, to.height);
  }
}
