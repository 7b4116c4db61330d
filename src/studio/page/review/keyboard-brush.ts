import type { KeyboardEvent } from "react";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import type { Point } from "../canvas/view.ts";
import type { PaintTool } from "./paint-tool.ts";

/** CSS pixels that an arrow key moves the brush by; Shift makes it eight times as far. */
const stepPixels = 4;
const shiftSteps = 8;

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * Moves the brush over the canvas with the arrow keys, while the canvas has the focus by keyboard. Space paints while it is held
 * and the brush moves; pressed alone, it begins a stroke that goes on until it is pressed again.
 */
export class KeyboardBrush {
  readonly #canvas: ImageCanvas;
  readonly #tool: PaintTool;
  readonly #onMove: (at: Point, isPainting: boolean) => void;
  readonly #ended = new AbortController();
  /** Whether the brush moved since Space went down; undefined if Space is up. */
  #movedWithSpace: boolean | undefined;

  constructor(
    canvas: ImageCanvas,
    tool: PaintTool,
    onMove: (at: Point, isPainting: boolean) => void,
  ) {
    this.#canvas = canvas;
    this.#tool = tool;
    this.#onMove = onMove;
    const { signal } = this.#ended;
    canvas.host.addEventListener(
      "focus",
      () => {
        if (canvas.host.matches(":focus-visible")) this.begin();
      },
      { signal },
    );
    canvas.host.addEventListener("blur", () => this.end(), { signal });
    canvas.host.addEventListener("keyup", (event) => this.#keyUp(event), { signal });
  }

  close(): void {
    this.#ended.abort();
  }

  /** Puts the brush where it was last, or into the middle of what is shown. */
  begin(): void {
    const { window, size } = this.#canvas;
    const middle = this.#canvas.toImage({ x: window.width / 2, y: window.height / 2 });
    this.#place(this.#tool.keyboard ?? within(middle, size));
  }

  end(): void {
    this.#movedWithSpace = undefined;
    if (this.#tool.keyboard === undefined) return;
    this.#tool.up();
    this.#tool.setKeyboard(undefined);
  }

  readonly keyDown = (event: KeyboardEvent): void => {
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey;
    const at = this.#tool.keyboard;
    if (at === undefined || !isPlain) return;
    const arrow = arrows[event.key];
    if (arrow !== undefined) {
      const pixels = event.shiftKey ? stepPixels * shiftSteps : stepPixels;
      const step = Math.max(1, Math.round(pixels / this.#canvas.scale()));
      const next = { x: at.x + arrow[0] * step, y: at.y + arrow[1] * step };
      if (this.#movedWithSpace === false) this.#movedWithSpace = true;
      this.#place(within(next, this.#canvas.size));
    } else if (event.key === " " && !event.repeat) this.#space(at);
    else if (event.key === "Escape") this.end();
    else if (event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
  };

  #space(at: Point): void {
    if (this.#tool.isPainting) this.#tool.up();
    else {
      this.#tool.begin({ ...at, pressure: undefined, erases: false });
      this.#movedWithSpace = false;
    }
    this.#onMove(at, this.#tool.isPainting);
  }

  #keyUp(event: globalThis.KeyboardEvent): void {
    if (event.key !== " ") return;
    if (this.#movedWithSpace === true) this.#tool.up();
    this.#movedWithSpace = undefined;
    if (this.#tool.keyboard) this.#onMove(this.#tool.keyboard, this.#tool.isPainting);
  }

  #place(at: Point): void {
    this.#tool.setKeyboard(at);
    this.#onMove(at, this.#tool.isPainting);
  }
}

/** The middle of the nearest pixel of the image. */
function within({ x, y }: Point, { width, height }: { width: number; height: number }): Point {
  const limit = (v: number, most: number) => Math.min(most - 1, Math.max(0, Math.floor(v))) + 0.5;
  return { x: limit(x, width), y: limit(y, height) };
}
