import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import type { Rect } from "../../edit/rect.ts";
import type { CanvasLayer } from "./layer.ts";
import type { Size } from "./view.ts";

/** Side of the pieces that a large mask is drawn in. */
const tileSide = 512;

/** How labels look. */
export interface LabelLook {
  /** #rrggbb of label i + 1. */
  colorOf(classIndex: number): string;
  /** Only the borders of the regions. */
  readonly outlines: boolean;
}

interface Tile {
  readonly rect: Rect;
  readonly context: CanvasRenderingContext2D;
  /** Whether it has to be colored before it is drawn. */
  isStale: boolean;
}

/** A label map in colors. After a stroke, `update` colors nothing but the rectangle that changed. */
export class LabelLayer implements CanvasLayer {
  readonly size: Size;
  opacity = 0.55;
  between?: readonly [from: number, to: number];
  readonly map: LabelMap;
  readonly #tiles: readonly Tile[];
  readonly #colors = new Uint32Array(256);
  #outlines = false;
  /** Width of outlines and stripes, in pixels of the mask. */
  readonly #line: number;
  /** Pixels that are colored before they go to a tile, used again for each rectangle. */
  #scratch: ImageData | undefined;

  constructor(map: LabelMap, look: LabelLook) {
    this.map = map;
    this.size = { width: map.width, height: map.height };
    this.#line = Math.max(1, Math.round(Math.max(map.width, map.height) / 700));
    this.#tiles = tilesOf(map);
    this.setLook(look);
  }

  /** Colors all labels anew, each part when it is drawn. */
  setLook({ colorOf, outlines }: LabelLook): void {
    for (let label = 1; label < ignoreIndex; label++) {
      this.#colors[label] = packed(colorOf(label - 1));
    }
    this.#outlines = outlines;
    for (const tile of this.#tiles) tile.isStale = true;
  }

  /** Colors what is not colored yet while the page has nothing better to do, so that it can be drawn at once later. */
  prepare(): void {
    const stale = this.#tiles.find(({ isStale }) => isStale);
    if (stale === undefined) return;
    whenIdle(() => {
      this.#refresh(stale);
      this.prepare();
    });
  }

  /** Colors a rectangle whose labels changed; tells which one to draw again. */
  update(changed: Rect): Rect {
    const rect = this.#outlines ? this.#grown(changed) : changed;
    for (const tile of this.#tiles) {
      const part = common(rect, tile.rect);
      if (part && !tile.isStale) this.#color(tile, part);
    }
    return rect;
  }

  draw(context: CanvasRenderingContext2D, visible: Rect, place: (part: Rect) => Rect): void {
    for (const piece of this.#tiles) {
      const { rect: tile, context: source } = piece;
      const part = common(visible, tile);
      if (part === undefined) continue;
      this.#refresh(piece);
      const to = place(part);
      // Pixels of labels have edges; only where several fall on one of the screen are they mixed.
      context.imageSmoothingEnabled = to.width < part.width;
      context.drawImage(
        source.canvas,
        part.x - tile.x,
        part.y - tile.y,
        part.width,
        part.height,
        to.x,
        to.y,
        to.width,
        to.height,
      );
    }
  }

  #refresh(tile: Tile): void {
    if (!tile.isStale) return;
    tile.isStale = false;
    this.#color(tile, tile.rect);
  }

  #color({ rect, context }: Tile, part: Rect): void {
    const { width, height } = part;
    if (!this.#scratch || this.#scratch.width < width || this.#scratch.height < height) {
      const [wide, high] = [this.#scratch?.width ?? 0, this.#scratch?.height ?? 0];
      this.#scratch = context.createImageData(Math.max(width, wide), Math.max(height, high));
    }
    this.#paint(this.#scratch, part);
    context.putImageData(this.#scratch, part.x - rect.x, part.y - rect.y, 0, 0, width, height);
  }

  /** Writes the colors of a part into the top left corner of an image. */
  #paint(image: ImageData, part: Rect): void {
    const out = new Uint32Array(image.data.buffer);
    const { data, width, height } = this.map;
    const line = this.#line;
    const stripe = 3 * line;
    for (let y = part.y; y < part.y + part.height; y++) {
      let o = (y - part.y) * image.width;
      const up = y >= line ? line * width : 0;
      const down = y + line < height ? line * width : 0;
      for (let x = part.x; x < part.x + part.width; x++, o++) {
        const i = y * width + x;
        const label = data[i]!;
        out[o] = 0;
        if (label === 0) continue;
        if (this.#outlines) {
          const isInside =
            data[i - up] === label &&
            data[i + down] === label &&
            (x < line || data[i - line] === label) &&
            (x + line >= width || data[i + line] === label);
          if (isInside) continue;
        }
        if (label !== ignoreIndex) out[o] = this.#colors[label]!;
        else out[o] = Math.floor((x + y) / stripe) % 2 === 0 ? stripes[0] : stripes[1];
      }
    }
  }

  #grown({ x, y, width, height }: Rect): Rect {
    const left = Math.max(0, x - this.#line);
    const top = Math.max(0, y - this.#line);
    return {
      x: left,
      y: top,
      width: Math.min(this.size.width, x + width + this.#line) - left,
      height: Math.min(this.size.height, y + height + this.#line) - top,
    };
  }
}

/** Safari has no idle callbacks. */
function whenIdle(work: () => void): void {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(work);
  else setTimeout(work, 50);
}

/** What is not known is hatched, light and dark, so that it shows on any photograph. */
const stripes = [0xd0f0f0f0, 0x80303030] as const;

/** A color as the four bytes of a pixel. */
function packed(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function tilesOf({ width, height }: Size): Tile[] {
  const tiles: Tile[] = [];
  for (let y = 0; y < height; y += tileSide) {
    for (let x = 0; x < width; x += tileSide) {
      const canvas = document.createElement("canvas");
      canvas.width = Math.min(tileSide, width - x);
      canvas.height = Math.min(tileSide, height - y);
      const context = canvas.getContext("2d")!;
      tiles.push({
        rect: { x, y, width: canvas.width, height: canvas.height },
        context,
        isStale: true,
      });
    }
  }
  return tiles;
}

/** The part that two rectangles have in common. */
export function common(a: Rect, b: Rect): Rect | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
