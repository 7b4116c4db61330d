import { pressedRadius, type Dab } from "../../edit/brush.ts";
import type { Edit } from "../../edit/mask-editor.ts";
import type { Point } from "../../edit/polygon.ts";
import type { Rect } from "../../edit/rect.ts";
import type { PointerTool, Sample } from "../canvas/gestures.ts";
import type { ImageCanvas } from "../canvas/image-canvas.ts";
import { drawMarks } from "./marks.ts";
import type { Growth } from "./growth.ts";
import type { MaskSession } from "./mask-session.ts";
import { nextSize, type PaintSettings } from "./paint-settings.ts";

/** What painting needs of the screen around it. */
export interface PaintHost {
  settings(): PaintSettings;
  change(settings: Partial<PaintSettings>): void;
  readonly growth: Growth;
}

/** Paints the mask of a session by what the pointer, or the keyboard in its place, does on a canvas. */
export class PaintTool implements PointerTool {
  #session: MaskSession | undefined;
  readonly #canvas: ImageCanvas;
  readonly #host: PaintHost;
  #edit: Edit | undefined;
  #lasso: Point[] | undefined;
  #hover: Point | undefined;
  /** Where the last stroke ended, from which Shift draws a straight line. */
  #last: Dab | undefined;
  /** Place of the brush that the keyboard moves. */
  #keyboard: Point | undefined;

  constructor(canvas: ImageCanvas, host: PaintHost) {
    this.#canvas = canvas;
    this.#host = host;
    canvas.setTop((context) =>
      drawMarks(context, canvas, {
        settings: host.settings(),
        brush: this.#keyboard ?? this.#hover,
        isKeyboard: this.#keyboard !== undefined,
        lasso: this.#lasso,
      }),
    );
  }

  get session(): MaskSession | undefined {
    return this.#session;
  }

  /** Goes on with another image; a stroke under way ends with the one before. */
  setSession(session: MaskSession | undefined): void {
    if (session === this.#session) return;
    this.finish();
    this.#session = session;
    this.#last = this.#keyboard = undefined;
    this.#canvas.drawTop();
  }

  /** Ends what is under way, so that all of it is sent. */
  finish(): void {
    this.up();
    this.#host.growth.close();
  }

  down(at: Sample, event: PointerEvent): boolean {
    const session = this.#session;
    const settings = this.#host.settings();
    if (settings.tool === "pan") return false;
    // Nothing to paint on yet; the image is not to jump away under the first stroke.
    if (session === undefined) return true;
    this.#host.growth.close();
    this.#keyboard = undefined;
    if (event.altKey) {
      const label = labelAt(session, at);
      if (label !== undefined) this.#host.change({ label });
      return true;
    }
    this.begin(at, event.shiftKey);
    return true;
  }

  /** Begins what the tool does at a place. */
  begin(at: Sample, isLine = false): void {
    const session = this.#session;
    if (session === undefined) return;
    const { tool, tolerance, label, over, locked } = this.#host.settings();
    const painted = tool === "erase" || at.erases ? 0 : label;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    if (tool === "grow") return void this.#host.growth.start(session, painted, x, y);
    this.#edit = session.begin({ label: painted, over, locked });
    if (tool === "lasso") this.#lasso = [at];
    else if (tool === "bucket") {
      const within =
        tolerance < 255 ? { colors: session.colors(session.map), tolerance } : undefined;
      this.#show(this.#edit.bucket(x, y, within));
      this.up();
    } else {
      if (isLine && this.#last) this.#edit.stroke(this.#last);
      this.move([at]);
    }
  }

  move(samples: readonly Sample[]): void {
    this.#hover = samples.at(-1);
    const { size } = this.#host.settings();
    for (const at of samples) {
      if (this.#lasso) this.#lasso.push({ x: at.x, y: at.y });
      else if (this.#edit) {
        this.#last = { x: at.x, y: at.y, radius: pressedRadius(size, at.pressure) };
        this.#show(this.#edit.stroke(this.#last));
      }
    }
    this.#canvas.drawTop();
  }

  up(): void {
    const edit = this.#edit;
    if (edit && this.#lasso) this.#show(edit.lasso(this.#lasso));
    this.#lasso = this.#edit = undefined;
    if (edit) this.#session?.commit(edit);
    this.#canvas.drawTop();
  }

  cancel(): void {
    this.#show(this.#edit?.cancel());
    this.#lasso = this.#edit = undefined;
    this.#canvas.drawTop();
  }

  hover(at: Sample | undefined): void {
    this.#hover = at;
    this.#keyboard = undefined;
    this.#canvas.drawTop();
  }

  wheel(event: WheelEvent): boolean {
    // Browsers scroll sideways with Shift, and some with Alt.
    const delta = event.deltaY || event.deltaX;
    if (event.altKey) {
      this.#host.change({ size: nextSize(this.#host.settings().size, delta < 0 ? 1 : -1) });
      return true;
    }
    const { tool, threshold } = this.#host.settings();
    if (tool !== "grow" || !this.#host.growth.isOpen) return false;
    const step = delta < 0 ? -0.02 : 0.02;
    this.#host.change({ threshold: Math.min(1, Math.max(0, threshold + step)) });
    return true;
  }

  /** Whether a stroke is under way. */
  get isPainting(): boolean {
    return this.#edit !== undefined;
  }

  get keyboard(): Point | undefined {
    return this.#keyboard;
  }

  /** Moves the brush of the keyboard, painting if a stroke is under way; undefined gives the brush back to the pointer. */
  setKeyboard(at: Point | undefined): void {
    this.#keyboard = at;
    if (at && this.#edit) this.move([{ ...at, pressure: undefined, erases: false }]);
    if (at) this.#canvas.show(at);
    this.#canvas.drawTop();
  }

  #show(changed: Rect | undefined): void {
    if (changed && this.#session) this.#canvas.draw(this.#session.layer.update(changed));
  }
}

/** The label of a pixel; undefined beside the image. */
export function labelAt({ map }: MaskSession, { x, y }: Point): number | undefined {
  if (x < 0 || y < 0 || x >= map.width || y >= map.height) return undefined;
  return map.data[Math.floor(y) * map.width + Math.floor(x)];
}
