import type { LabelMap } from "../../method/images/image.ts";
import { decodePatch, encodePatch, applyPatch, type Patch } from "../patches.ts";
import { around, type Rect } from "./rect.ts";

/** Side of the squares that are kept before they are painted on. */
const tileSide = 256;

/** What one action changed: the labels before and after, in encoded patches of the squares that it touched. */
export interface Change {
  /** The smallest rectangle around all changed pixels. */
  readonly rect: Rect;
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
  /** Memory that the change takes. */
  readonly bytes: number;
}

/** Remembers the labels that an action paints over. Its cost is that of the touched pixels, however large the mask is. */
export class ChangeRecorder {
  readonly #map: LabelMap;
  /** Labels before, by number of the tile. */
  readonly #kept = new Map<number, Uint8Array>();

  constructor(map: LabelMap) {
    this.#map = map;
  }

  /** To be called before pixels `first` to `last` of row `y` are written. */
  keep(y: number, first: number, last: number): void {
    const columns = Math.ceil(this.#map.width / tileSide);
    const row = Math.floor(y / tileSide) * columns;
    for (let i = Math.floor(first / tileSide); i <= Math.floor(last / tileSide); i++) {
      if (!this.#kept.has(row + i)) this.#kept.set(row + i, this.#read(this.#rectOf(row + i)));
    }
  }

  /** Puts back all labels that were painted over; tells where. */
  restore(): Rect | undefined {
    let dirty: Rect | undefined;
    for (const [tile, labels] of this.#kept) {
      const rect = this.#rectOf(tile);
      applyPatch(this.#map, { ...rect, labels });
      dirty = around(dirty, rect);
    }
    return dirty;
  }

  /** What was changed so far; undefined if all labels are as before. */
  finish(): Change | undefined {
    const before: Uint8Array[] = [];
    const after: Uint8Array[] = [];
    let rect: Rect | undefined;
    for (const [tile, labels] of this.#kept) {
      const changed = this.#changedPart(this.#rectOf(tile), labels);
      if (changed === undefined) continue;
      before.push(encodePatch(changed));
      after.push(encodePatch({ ...changed, labels: this.#read(changed) }));
      rect = around(rect, changed);
    }
    if (rect === undefined) return undefined;
    const bytes = [...before, ...after].reduce((sum, { length }) => sum + length, 0);
    return { rect, before, after, bytes };
  }

  #rectOf(tile: number): Rect {
    const { width, height } = this.#map;
    const columns = Math.ceil(width / tileSide);
    const x = (tile % columns) * tileSide;
    const y = Math.floor(tile / columns) * tileSide;
    return {
      x,
      y,
      width: Math.min(tileSide, width - x),
      height: Math.min(tileSide, height - y),
    };
  }

  #read(rect: Rect): Uint8Array {
    return readLabels(this.#map, rect);
  }

  /** The smallest rectangle of a tile with all labels that differ from those before, with the labels before. */
  #changedPart(tile: Rect, labels: Uint8Array): Patch | undefined {
    const { data, width } = this.#map;
    let [left, top, right, bottom] = [tile.width, tile.height, -1, -1];
    for (let y = 0; y < tile.height; y++) {
      const start = (tile.y + y) * width + tile.x;
      const own = y * tile.width;
      for (let x = 0; x < tile.width; x++) {
        if (data[start + x] === labels[own + x]) continue;
        if (x < left) left = x;
        if (x > right) right = x;
        if (top > y) top = y;
        bottom = y;
      }
    }
    if (bottom < 0) return undefined;
    const part = { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
    const kept = readLabels({ width: tile.width, height: tile.height, data: labels }, part);
    return { ...part, x: tile.x + left, y: tile.y + top, labels: kept };
  }
}

/** The labels of a rectangle of a mask, row by row. */
export function readLabels(map: LabelMap, { x, y, width, height }: Rect): Uint8Array {
  const labels = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = (y + row) * map.width + x;
    labels.set(map.data.subarray(start, start + width), row * width);
  }
  return labels;
}

/** Writes one side of a change into the mask that it was made on. */
export function writeSide(map: LabelMap, change: Change, side: "before" | "after"): void {
  for (const patch of change[side]) applyPatch(map, decodePatch(patch));
}
