import type { LabelMap } from "../../method/images/image.ts";
import type { Patch } from "../patches.ts";
import { sweepBrush, type Dab } from "./brush.ts";
import { flood } from "./flood.ts";
import { takeGrown, type Colors, type Scores } from "./grow.ts";
import { History } from "./history.ts";
import { paintableOver, type PaintOver } from "./paint-rule.ts";
import { fillPolygon, type Point } from "./polygon.ts";
import { ChangeRecorder, readLabels, writeSide, type Change } from "./recorder.ts";
import { around, type Rect } from "./rect.ts";

/** What a brush, a bucket and the like paint, and over what. */
export interface Paint {
  /** 0 erases to background, 255 is "not known". */
  readonly label: number;
  readonly over: PaintOver;
  readonly locked: ReadonlySet<number>;
}

/**
 * One label map under edit: one class a pixel, painted in place. Each finished edit is one step of undo and one patch for the
 * server, whatever it painted over.
 */
export class MaskEditor {
  readonly map: LabelMap;
  readonly #history: History;
  /** Labels that may be painted. */
  #palette: ReadonlySet<number>;

  constructor(
    map: LabelMap,
    { palette, mostBytes }: { palette: readonly number[]; mostBytes?: number },
  ) {
    this.map = map;
    this.#palette = new Set(palette);
    this.#history = new History(mostBytes === undefined ? {} : { mostBytes });
  }

  /** Changes which labels may be painted, as after the tags of the image changed. */
  setPalette(palette: readonly number[]): void {
    this.#palette = new Set(palette);
  }

  get depth(): { readonly undo: number; readonly redo: number } {
    return this.#history.depth;
  }

  /** Begins an edit; a RangeError for a label that this image cannot have. */
  begin(paint: Paint): Edit {
    if (!this.#palette.has(paint.label)) {
      const known = [...this.#palette].join(", ");
      throw new RangeError(`edit: label ${paint.label} is not one of this image's: ${known}`);
    }
    return new Edit(this.map, this.#history, paint);
  }

  /** Takes back the last edit, or makes it again; undefined if there is none. */
  undo(): Patch | undefined {
    return this.#write(this.#history.undo(), "before");
  }

  redo(): Patch | undefined {
    return this.#write(this.#history.redo(), "after");
  }

  #write(change: Change | undefined, side: "before" | "after"): Patch | undefined {
    if (change === undefined) return undefined;
    writeSide(this.map, change, side);
    return { ...change.rect, labels: readLabels(this.map, change.rect) };
  }
}

/** An edit that goes on: its tools paint at once and tell which rectangle changed, so that only that is drawn again. */
export class Edit {
  readonly #map: LabelMap;
  readonly #history: History;
  readonly #label: number;
  readonly #gives: Uint8Array;
  readonly #givesAll: boolean;
  readonly #recorder: ChangeRecorder;
  /** Whether the edit stands in the history already. */
  #isKept = false;
  /** What the last patch covered, which the next one has to cover as well. */
  #sent: Rect | undefined;
  #last: Dab | undefined;
  #dirty: Rect | undefined;

  constructor(map: LabelMap, history: History, { label, over, locked }: Paint) {
    this.#map = map;
    this.#history = history;
    this.#label = label;
    this.#gives = paintableOver(over, locked);
    this.#givesAll = this.#gives.every((gives) => gives === 1);
    this.#recorder = new ChangeRecorder(map);
  }

  /** Moves the brush on to a position, painting all the way from the last one. */
  stroke(dab: Dab): Rect | undefined {
    return this.#painting(() => {
      sweepBrush(this.#last ?? dab, dab, this.#map, this.#take);
      this.#last = dab;
    });
  }

  /**
   * Fills the region of one label around a pixel.
   * @param within limits it to colors of the image, of its size, that differ from the clicked one by at most `tolerance` in each channel
   */
  bucket(x: number, y: number, within?: { colors: Colors; tolerance: number }): Rect | undefined {
    const { data, width, height } = this.#map;
    if (x < 0 || y < 0 || x >= width || y >= height) return undefined;
    const start = y * width + x;
    const label = data[start]!;
    if (label === this.#label || this.#gives[label] === 0) return undefined;
    const hasColor = within && likeColor(within.colors, start, within.tolerance);
    const isInside = (i: number) => data[i] === label && (!hasColor || hasColor(i));
    return this.#painting(() => flood(this.#map, isInside, x, y, this.#take));
  }

  /** Fills a closed outline. */
  lasso(points: readonly Point[]): Rect | undefined {
    return this.#painting(() => fillPolygon(points, this.#map, this.#take));
  }

  /** Paints what the affinity of the clicked pixel spreads to; called again, instead of what it painted before. */
  grow(scores: Scores, threshold: number, x: number, y: number): Rect | undefined {
    const before = this.#recorder.restore();
    const after = this.#painting(() => takeGrown(scores, threshold, this.#map, x, y, this.#take));
    return around(before, after);
  }

  /** Takes back all that was painted, as if the edit, which is not finished yet, had never begun. */
  cancel(): Rect | undefined {
    return this.#recorder.restore();
  }

  /**
   * Makes the edit one step of undo and tells the new labels; undefined if nothing changed. An edit that goes on after that
   * replaces its step when it is finished again.
   */
  finish(): Patch | undefined {
    const change = this.#recorder.finish();
    const wasKept = this.#isKept;
    if (wasKept) this.#history.replaceLast(change);
    else if (change) this.#history.push(change);
    this.#isKept = change !== undefined;
    const rect = wasKept ? around(change?.rect, this.#sent) : change?.rect;
    this.#sent = rect;
    return rect && { ...rect, labels: readLabels(this.#map, rect) };
  }

  #painting(paint: () => void): Rect | undefined {
    this.#dirty = undefined;
    paint();
    return this.#dirty;
  }

  readonly #take = (y: number, first: number, last: number): void => {
    this.#recorder.keep(y, first, last);
    const { data, width } = this.#map;
    const start = y * width;
    if (this.#givesAll) data.fill(this.#label, start + first, start + last + 1);
    else {
      for (let i = start + first; i <= start + last; i++) {
        if (this.#gives[data[i]!] === 1) data[i] = this.#label;
      }
    }
    this.#dirty = around(this.#dirty, { x: first, y, width: last - first + 1, height: 1 });
  };
}

/** Whether a pixel has about the color of the one at `start`. */
function likeColor({ data }: Colors, start: number, tolerance: number): (i: number) => boolean {
  const [red, green, blue] = [0, 1, 2].map((c) => data[4 * start + c]!) as [number, number, number];
  return (i) =>
    Math.abs(data[4 * i]! - red) <= tolerance &&
    Math.abs(data[4 * i + 1]! - green) <= tolerance &&
    Math.abs(data[4 * i + 2]! - blue) <= tolerance;
}
