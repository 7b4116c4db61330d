import type { Point } from "./view.ts";

/** A position of the pointer, in pixels of the image. */
export interface Sample extends Point {
  /** 0..1 for a pen; undefined for a mouse or finger, which have none. */
  readonly pressure: number | undefined;
  /** Whether it is the other end of a pen. */
  readonly erases: boolean;
}

/** What gestures move. */
export interface Surface {
  /** Element that takes the pointer and the keyboard. */
  readonly host: HTMLElement;
  toImage(at: Point): Point;
  panBy(dx: number, dy: number): void;
  zoomBy(factor: number, at: Point): void;
  /** Nothing is pressed any more. */
  rested(): void;
}

/** What a pointer does that is not moving the image. */
export interface PointerTool {
  /** The pointer went down; false if nothing begins, so that the image is moved. */
  down(at: Sample, event: PointerEvent): boolean;
  /** All positions since the last call, also those between two frames. */
  move(samples: readonly Sample[]): void;
  up(): void;
  /** It was no stroke after all: a second finger came down at once. */
  cancel(): void;
  /** Where the pointer is while nothing is pressed; undefined once it has left. */
  hover(at: Sample | undefined): void;
  /** True if the tool uses the wheel, which zooms otherwise. */
  wheel?(event: WheelEvent): boolean;
}

/** A stroke that is younger than this, in ms, was the first of two fingers. */
const fingerMs = 250;

type Mode =
  | { readonly kind: "tool"; readonly pointer: number; readonly since: number }
  | { readonly kind: "pan"; readonly pointer: number; last: Point }
  | { readonly kind: "pinch" }
  | undefined;

/** Tells strokes, panning and zooming apart for mouse, pen and fingers. */
export class Gestures {
  tool: PointerTool | undefined;
  readonly #canvas: Surface;
  readonly #ended = new AbortController();
  /** Fingers on the screen, by id, in CSS pixels of the window. */
  readonly #fingers = new Map<number, Point>();
  #mode: Mode;
  #isSpaceDown = false;

  constructor(canvas: Surface) {
    this.#canvas = canvas;
    const { host } = canvas;
    const { signal } = this.#ended;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      listen: (event: HTMLElementEventMap[K]) => void,
    ): void => host.addEventListener(type, listen, { signal, passive: false });
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event));
    on("pointerleave", () => {
      if (this.#mode === undefined) this.tool?.hover(undefined);
    });
    on("wheel", (event) => this.#wheel(event));
    on("contextmenu", (event) => event.preventDefault());
    const space = (event: KeyboardEvent): void => {
      if (event.key !== " ") return;
      const isHere = document.activeElement === host || document.activeElement === document.body;
      this.#isSpaceDown = event.type === "keydown" && isHere && !event.defaultPrevented;
      if (this.#isSpaceDown) event.preventDefault();
      this.#showCursor();
    };
    addEventListener("keydown", space, { signal });
    addEventListener("keyup", space, { signal });
    addEventListener("blur", () => (this.#isSpaceDown = false), { signal });
  }

  close(): void {
    this.#ended.abort();
  }

  /** Whether something is pressed. */
  get isBusy(): boolean {
    return this.#mode !== undefined;
  }

  #down(event: PointerEvent): void {
    const at = this.#place(event);
    this.#canvas.host.focus({ preventScroll: true });
    if (event.pointerType === "touch") {
      this.#fingers.set(event.pointerId, at);
      if (this.#fingers.size > 1) return this.#pinch();
    }
    if (this.#mode !== undefined) return;
    event.preventDefault();
    this.#canvas.host.setPointerCapture(event.pointerId);
    const isPan = event.button === 1 || this.#isSpaceDown;
    const isTool = event.button === 0 || event.button === 5;
    if (!isPan && isTool && this.tool?.down(this.#sample(event), event)) {
      this.#mode = { kind: "tool", pointer: event.pointerId, since: event.timeStamp };
    } else this.#mode = { kind: "pan", pointer: event.pointerId, last: at };
    this.#showCursor();
  }

  /** Two fingers move and zoom; what the first one began is taken back if it has only just begun. */
  #pinch(): void {
    if (this.#mode?.kind === "tool") {
      // A pen paints on while the hand lies on the screen.
      if (!this.#fingers.has(this.#mode.pointer)) return;
      if (performance.now() - this.#mode.since < fingerMs) this.tool?.cancel();
      else this.tool?.up();
    }
    this.#mode = { kind: "pinch" };
  }

  #move(event: PointerEvent): void {
    const mode = this.#mode;
    if (mode === undefined) {
      if (event.pointerType !== "touch") this.tool?.hover(this.#sample(event));
    } else if (mode.kind === "pinch") this.#movePinch(event);
    else if (mode.pointer === event.pointerId && mode.kind === "pan") {
      const at = this.#place(event);
      this.#canvas.panBy(at.x - mode.last.x, at.y - mode.last.y);
      mode.last = at;
    } else if (mode.pointer === event.pointerId) {
      // Older versions of Safari do not tell the positions between two frames.
      const events = "getCoalescedEvents" in event ? event.getCoalescedEvents() : [];
      this.tool?.move((events.length > 0 ? events : [event]).map((one) => this.#sample(one)));
    }
    if (this.#fingers.has(event.pointerId)) {
      this.#fingers.set(event.pointerId, this.#place(event));
    }
  }

  #movePinch(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (before === undefined || other === undefined) return;
    const at = this.#place(event);
    const apart = (a: Point) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
    this.#canvas.panBy((at.x - before.x) / 2, (at.y - before.y) / 2);
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    this.#canvas.zoomBy(apart(at) / apart(before), middle);
  }

  #up(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    const mode = this.#mode;
    if (mode === undefined) return;
    if (mode.kind === "pinch") {
      if (this.#fingers.size > 0) return;
    } else if (mode.pointer !== event.pointerId) return;
    this.#mode = undefined;
    if (mode.kind === "tool") this.tool?.up();
    this.#showCursor();
    this.#canvas.rested();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    if (!event.ctrlKey && this.tool?.wheel?.(event)) return;
    // Lines and pages of old mice as pixels; touchpads that pinch send small steps with Ctrl.
    const unit = [1, 16, 400][event.deltaMode]!;
    const delta = event.deltaY * unit * (event.ctrlKey ? 0.01 : 0.0016);
    this.#canvas.zoomBy(Math.exp(-Math.max(-0.8, Math.min(0.8, delta))), this.#place(event));
    const { clientX, clientY } = event;
    if (this.#mode === undefined) this.tool?.hover(this.#sampleAt(clientX, clientY));
  }

  #showCursor(): void {
    const { classList } = this.#canvas.host;
    classList.toggle("is-panning", this.#mode?.kind === "pan");
    classList.toggle("can-pan", this.#isSpaceDown || this.tool === undefined);
  }

  #place({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): Point {
    const { left, top } = this.#canvas.host.getBoundingClientRect();
    const { clientLeft, clientTop } = this.#canvas.host;
    return { x: clientX - left - clientLeft, y: clientY - top - clientTop };
  }

  #sample(event: PointerEvent): Sample {
    const { pointerType, pressure, buttons, button } = event;
    return {
      ...this.#canvas.toImage(this.#place(event)),
      pressure: pointerType === "pen" && pressure > 0 ? pressure : undefined,
      erases: (buttons & 32) !== 0 || button === 5,
    };
  }

  #sampleAt(clientX: number, clientY: number): Sample {
    const at = this.#canvas.toImage(this.#place({ clientX, clientY }));
    return { ...at, pressure: undefined, erases: false };
  }
}
