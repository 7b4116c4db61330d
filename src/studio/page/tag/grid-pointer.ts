import type { GridView } from "./grid-view.ts";

export interface PointerHost {
  readonly view: GridView;
  /** Moves the focus to an image and chooses it alone, or adds it or takes it away, or chooses all from the anchor. */
  pick(position: number, how: "only" | "toggle" | "range"): void;
  open(position: number): void;
}

/** Pixels at the upper and lower edge where a drag scrolls. */
const edge = 32;
/** A press that moves less is a click. */
const slop = 5;

/** Clicks and drags of a mouse or pen, and taps, in the grid. @returns ends it */
export function followPointer(scroller: HTMLElement, host: PointerHost): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  let start: { x: number; y: number; isDrag: boolean } | undefined;
  let at = { x: 0, y: 0 };
  let frame = 0;

  const stretch = (): void => {
    const position = host.view.positionAt(at.x, at.y);
    if (position !== undefined) host.pick(position, "range");
  };
  const scrollAtEdge = (): void => {
    frame = 0;
    if (start?.isDrag !== true) return;
    const { top, bottom } = scroller.getBoundingClientRect();
    const beyond = Math.min(0, at.y - top - edge) + Math.max(0, at.y - bottom + edge);
    if (beyond === 0) return;
    scroller.scrollTop += beyond / 2;
    stretch();
    frame = requestAnimationFrame(scrollAtEdge);
  };

  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const position = host.view.positionAt(event.clientX, event.clientY);
    // Beside the cells, or on the scroll bar.
    if (position === undefined || event.offsetX > scroller.clientWidth) return;
    scroller.focus({ preventScroll: true });
    if (event.pointerType === "touch") return;
    if (event.shiftKey) host.pick(position, "range");
    else host.pick(position, event.ctrlKey || event.metaKey ? "toggle" : "only");
    start = { x: event.clientX, y: event.clientY, isDrag: false };
    scroller.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    if (start === undefined) return;
    at = { x: event.clientX, y: event.clientY };
    start.isDrag ||= Math.hypot(at.x - start.x, at.y - start.y) > slop;
    if (!start.isDrag) return;
    stretch();
    if (frame === 0) frame = requestAnimationFrame(scrollAtEdge);
  };
  const up = (): void => void (start = undefined);
  const click = (event: PointerEvent): void => {
    if (event.pointerType !== "touch") return;
    const position = host.view.positionAt(event.clientX, event.clientY);
    // A finger has no Ctrl: tapping chooses one image after the other.
    if (position !== undefined) host.pick(position, "toggle");
  };
  const doubleClick = (event: MouseEvent): void => {
    const position = host.view.positionAt(event.clientX, event.clientY);
    if (position !== undefined) host.open(position);
  };

  scroller.addEventListener("pointerdown", down, { signal });
  scroller.addEventListener("pointermove", move, { signal });
  scroller.addEventListener("pointerup", up, { signal });
  scroller.addEventListener("pointercancel", up, { signal });
  scroller.addEventListener("click", (event) => click(event as PointerEvent), { signal });
  scroller.addEventListener("dblclick", doubleClick, { signal });
  return () => {
    ended.abort();
    cancelAnimationFrame(frame);
  };
}
