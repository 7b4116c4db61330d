import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import type { Rect } from "../../edit/rect.ts";
import type { CanvasLayer } from "./layer.ts";
import type { Size } from "./view.ts";

/** Side of the pieces that a large mask is drawn in. */
const tileSide = 1024;

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

  constructor(map: LabelMap, look: LabelLook) {
    this.map = map;
    this.size = { width: map.width, height: map.height };
    this.#line = Math.max(1, Math.round(Math.max(map.width, map.height) / 700));
    this.#tiles = tilesOf(map);
    this.setLook(look);
  }

  /** Colors all labels anew. */
  setLook({ colorOf, outlines }: LabelLook): void {
    for (let label = 1; label < ignoreIndex; label++) {
      this.#colors[label] = packed(colorOf(label - 1));
    }
    this.#outlines = outlines;
    this.update({ x: 0, y: 0, ...this.size });
  }

  /** Colors a rectangle whose labels changed; tells which one to draw again. */
  update(changed: Rect): Rect {
    const rect = this.#outlines ? this.#grown(changed) : changed;
    for (const { rect: tile, context } of this.#tiles) {
      const part = common(rect, tile);
      if (part === undefined) continue;
      const pixels = context.createImageData(part.width, part.height);
      this.#paint(new Uint32Array(pixels.data.buffer), part);
      context.putImageData(pixels, part.x - tile.x, part.y - tile.y);
    }
    return rect;
  }

  draw(context: CanvasRenderingContext2D, visible: Rect, place: (part: Rect) => Rect): void {
    for (const { rect: tile, context: source } of this.#tiles) {
      const part = common(visible, tile);
      if (part === undefined) continue;
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

  #paint(out: Uint32Array, part: Rect): void {
    const { data, width, height } = this.map;
    const line = this.#line;
    const stripe = 3 * line;
    for (let y = part.y, o = 0; y < part.y + part.height; y++) {
      const up = y >= line ? line * width : 0;
      const down = y + line < height ? line * width : 0;
      for (let x = part.x; x < part.x + part.width; x++, o++) {
        const i = y * width + x;
        const label = data[i]!;
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
      tiles.push({ rect: { x, y, width: canvas.width, height: canvas.height }, context });
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
