import { around, type Rect } from "../../edit/rect.ts";
import { Gestures, type PointerTool } from "./gestures.ts";
import { common } from "./label-layer.ts";
import { PictureLayer, type CanvasLayer } from "./layer.ts";
import { smallerPictures } from "./smaller-pictures.ts";
import {
  fitView,
  keepInSight,
  panBy,
  showPoint,
  toImage,
  toWindow,
  zoomAt,
  type Point,
  type Size,
  type View,
} from "./view.ts";

/** Draws over everything, such as the ring of a brush: coordinates are CSS pixels of the window. */
export type DrawTop = (context: CanvasRenderingContext2D, canvas: ImageCanvas) => void;

/**
 * An image that can be zoomed and moved, with layers over it, in three canvases: the image, which is drawn again only when it
 * moves, the layers, of which a change draws no more than its rectangle, and marks on top.
 */
export class ImageCanvas {
  readonly host: HTMLElement;
  readonly #image: CanvasRenderingContext2D;
  readonly #layers: CanvasRenderingContext2D;
  readonly #top: CanvasRenderingContext2D;
  readonly #gestures: Gestures;
  readonly #observer: ResizeObserver;
  #size: Size = { width: 1, height: 1 };
  #window: Size = { width: 1, height: 1 };
  /** Where the window was in the page when it was last measured. */
  #corner: Point = { x: 0, y: 0 };
  #density = 1;
  #view: View = { scale: 1, x: 0, y: 0 };
  /** Whether the image fits the window until the person zooms. */
  #fits = true;
  #pictures: readonly PictureLayer[] = [];
  #shown: readonly CanvasLayer[] = [];
  #drawTop: DrawTop = () => undefined;
  #frame = 0;
  #isMoved = true;
  #changed: Rect | "all" | undefined = "all";
  #isTopChanged = true;
  readonly #watchers = new Set<() => void>();

  /** @param host element that the canvases fill, which takes the pointer and the keyboard */
  constructor(host: HTMLElement) {
    this.host = host;
    const context = (): CanvasRenderingContext2D => {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("aria-hidden", "true");
      host.append(canvas);
      return canvas.getContext("2d")!;
    };
    [this.#image, this.#layers, this.#top] = [context(), context(), context()];
    this.#gestures = new Gestures(this);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
    this.#resize();
  }

  /** Takes everything down. */
  close(): void {
    this.#observer.disconnect();
    this.#gestures.close();
    cancelAnimationFrame(this.#frame);
    for (const { canvas } of [this.#image, this.#layers, this.#top]) canvas.remove();
  }

  /**
   * Shows an image; another size, or none before, fits it into the window.
   * @param picture the image, or the same in several sizes from the largest to the smallest; smaller ones of a large image that comes
   * alone are made here
   * @param size of the image in its own pixels, which all coordinates are in; the picture may have fewer
   */
  setImage(picture: ImageBitmap | readonly ImageBitmap[] | undefined, size: Size): void {
    const isOther = size.width !== this.#size.width || size.height !== this.#size.height;
    this.#size = { width: size.width, height: size.height };
    const pictures = picture instanceof ImageBitmap ? [picture] : (picture ?? []);
    this.#pictures = pictures.map((one) => new PictureLayer(one, { smoothUpTo: 3 }));
    if (picture instanceof ImageBitmap) void this.#addSmaller(picture);
    if (isOther) this.#fits = true;
    if (this.#fits) this.#view = fitView(this.#size, this.#window);
    this.#moved();
  }

  /** Shows layers over the image, the last on top. */
  setLayers(layers: readonly CanvasLayer[]): void {
    this.#shown = layers;
    this.draw();
  }

  setTop(draw: DrawTop): void {
    this.#drawTop = draw;
    this.drawTop();
  }

  /** What the pointer does; without a tool it moves the image. */
  setTool(tool: PointerTool | undefined): void {
    this.#gestures.tool = tool;
  }

  /** Draws the layers again where they changed, in pixels of the image; all of them without a rectangle. */
  draw(changed?: Rect): void {
    if (changed === undefined || this.#changed === "all") this.#changed = "all";
    else this.#changed = around(this.#changed, changed);
    this.#ask();
  }

  drawTop(): void {
    this.#isTopChanged = true;
    this.#ask();
  }

  get size(): Size {
    return this.#size;
  }

  get window(): Size {
    return this.#window;
  }

  get view(): View {
    return this.#view;
  }

  /** Tells whenever the view changes; @returns ends it */
  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  /** CSS pixels for a pixel of the image. */
  scale = (): number => this.#view.scale;

  toImage(at: Point): Point {
    return toImage(this.#view, at);
  }

  toWindow(at: Point): Point {
    return toWindow(this.#view, at);
  }

  /** Zooms around a point of the window, its middle by default. */
  zoomBy(factor: number, at: Point = this.#middle()): void {
    this.#fits = false;
    this.#view = zoomAt(this.#view, factor, at, this.#size, this.#window);
    this.#moved();
  }

  /** Shows a pixel of the image as one of the screen. */
  zoomToPixels(): void {
    this.zoomBy(1 / this.#view.scale);
  }

  fit(): void {
    this.#fits = true;
    this.#view = fitView(this.#size, this.#window);
    this.#moved();
  }

  panBy(dx: number, dy: number): void {
    this.#fits = false;
    this.#view = panBy(this.#view, dx, dy, this.#size, this.#window);
    this.#moved();
  }

  /** Moves the image so that a point of it can be seen. */
  show(at: Point): void {
    this.#view = showPoint(this.#view, at, this.#window);
    this.#moved();
  }

  /** Fits the window again if it changed while something was pressed. */
  rested(): void {
    if (this.#fits) this.fit();
  }

  #middle(): Point {
    return { x: this.#window.width / 2, y: this.#window.height / 2 };
  }

  #moved(): void {
    this.#isMoved = true;
    this.#changed = "all";
    this.#isTopChanged = true;
    this.#ask();
    for (const watcher of [...this.#watchers]) watcher();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.host;
    if (clientWidth === 0 || clientHeight === 0) return;
    const before = this.#window;
    const corner = this.#corner;
    const { x, y } = this.host.getBoundingClientRect();
    this.#window = { width: clientWidth, height: clientHeight };
    this.#corner = { x, y };
    // Below a pressed pointer the image stays where it is on the screen; else its middle stays in the middle.
    const shift = this.#gestures.isBusy
      ? { x: corner.x - x, y: corner.y - y }
      : { x: (clientWidth - before.width) / 2, y: (clientHeight - before.height) / 2 };
    if (this.#fits && !this.#gestures.isBusy) this.#view = fitView(this.#size, this.#window);
    else {
      const moved = { ...this.#view, x: this.#view.x + shift.x, y: this.#view.y + shift.y };
      this.#view = keepInSight(moved, this.#size, this.#window);
    }
    this.#setDensity();
    this.#moved();
  }

  /** Gives the canvases as many pixels as the screen has, also after the window came to another screen. */
  #setDensity(): void {
    this.#density = devicePixelRatio;
    const width = Math.max(1, Math.round(this.#window.width * this.#density));
    const height = Math.max(1, Math.round(this.#window.height * this.#density));
    for (const { canvas } of [this.#image, this.#layers, this.#top]) {
      if (canvas.width !== width) canvas.width = width;
      if (canvas.height !== height) canvas.height = height;
    }
  }

  /** Halves of a large image look better when it is shown small, and are drawn faster. */
  async #addSmaller(picture: ImageBitmap): Promise<void> {
    const pictures = this.#pictures;
    // It may be closed meanwhile.
    const smaller = await smallerPictures(picture, picture).catch(() => []);
    if (this.#pictures !== pictures || smaller.length === 0) return;
    this.#pictures = [...pictures, ...smaller.map((one) => new PictureLayer(one))];
    this.#moved();
  }

  #ask(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#render());
  }

  #render(): void {
    this.#frame = 0;
    if (this.#density !== devicePixelRatio) {
      this.#setDensity();
      this.#isMoved = this.#isTopChanged = true;
      this.#changed = "all";
    }
    if (this.#isMoved) this.#drawImage();
    if (this.#changed !== undefined) this.#drawLayers(this.#changed);
    if (this.#isTopChanged) this.#drawMarks();
    this.#isMoved = this.#isTopChanged = false;
    this.#changed = undefined;
  }

  #drawImage(): void {
    const context = this.#image;
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    const needed = this.#size.width * this.#view.scale * this.#density;
    const picture = this.#pictures.findLast(({ size }) => size.width >= needed);
    const shown = picture ?? this.#pictures[0];
    if (shown) this.#drawLayer(context, shown, this.#visible());
  }

  #drawLayers(changed: Rect | "all"): void {
    const context = this.#layers;
    const visible = this.#visible();
    const part = changed === "all" ? visible : visible && common(visible, changed);
    context.save();
    if (changed === "all") context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    else if (part) {
      const { x, y, width, height } = this.#place(part, this.#size);
      context.beginPath();
      context.rect(x - 2, y - 2, width + 4, height + 4);
      context.clip();
      context.clearRect(x - 2, y - 2, width + 4, height + 4);
    }
    // A little more than changed, because smooth pixels mix with their neighbors.
    const around = part && common(visible!, grown(part, Math.ceil(4 / this.#view.scale) + 1));
    for (const layer of this.#shown) this.#drawLayer(context, layer, around);
    context.restore();
  }

  #drawLayer(context: CanvasRenderingContext2D, layer: CanvasLayer, part: Rect | undefined): void {
    if (part === undefined || layer.opacity === 0) return;
    const { size, between } = layer;
    const scale = { x: size.width / this.#size.width, y: size.height / this.#size.height };
    const x = Math.floor(part.x * scale.x);
    const y = Math.floor(part.y * scale.y);
    const width = Math.min(size.width, Math.ceil((part.x + part.width) * scale.x)) - x;
    const height = Math.min(size.height, Math.ceil((part.y + part.height) * scale.y)) - y;
    context.save();
    if (between !== undefined) {
      const { width: all } = this.#size;
      const [from, to] = between;
      const strip = { x: from * all, y: 0, width: (to - from) * all, height: this.#size.height };
      const { x: left, y: top, width: wide, height: high } = this.#place(strip, this.#size);
      context.beginPath();
      context.rect(left, top, wide, high);
      context.clip();
    }
    context.globalAlpha = layer.opacity;
    layer.draw(context, { x, y, width, height }, (rect) => this.#place(rect, size));
    context.restore();
  }

  #drawMarks(): void {
    const context = this.#top;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    context.setTransform(this.#density, 0, 0, this.#density, 0, 0);
    this.#drawTop(context, this);
  }

  /** The part of the image in the window, in whole pixels. */
  #visible(): Rect | undefined {
    const from = this.toImage({ x: 0, y: 0 });
    const to = this.toImage({ x: this.#window.width, y: this.#window.height });
    const x = Math.floor(from.x);
    const y = Math.floor(from.y);
    const seen = { x, y, width: Math.ceil(to.x) - x, height: Math.ceil(to.y) - y };
    return common(seen, { x: 0, y: 0, ...this.#size });
  }

  /** Where a part of a layer lies in the canvas, on whole pixels, so that neighboring parts meet without a seam. */
  #place({ x, y, width, height }: Rect, { width: columns, height: rows }: Size): Rect {
    const across = (at: number) =>
      Math.round(
        (this.#view.x + ((at * this.#size.width) / columns) * this.#view.scale) * this.#density,
      );
    const down = (at: number) =>
      Math.round(
        (this.#view.y + ((at * this.#size.height) / rows) * this.#view.scale) * this.#density,
      );
    const [left, top] = [across(x), down(y)];
    return { x: left, y: top, width: across(x + width) - left, height: down(y + height) - top };
  }
}

function grown({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x - by, y: y - by, width: width + 2 * by, height: height + 2 * by };
}
