import { scoreSize, spreadToPixels, tokenAt, type Scores } from "../../edit/grow.ts";
import type { Edit } from "../../edit/mask-editor.ts";
import type { Rect } from "../../edit/rect.ts";
import { getAffinity } from "../api.ts";
import type { MaskSession } from "./mask-session.ts";
import type { PaintSettings } from "./paint-settings.ts";

/** Without another threshold for so long, a region that was grown anew is sent. */
const restMs = 600;

interface Open {
  readonly session: MaskSession;
  readonly edit: Edit;
  readonly scores: Scores;
  readonly x: number;
  readonly y: number;
}

export interface GrowthOptions {
  settings(): PaintSettings;
  /** Id of the model; undefined without one. */
  model(): string | undefined;
  /** A rectangle of the mask changed. */
  onChange(session: MaskSession, changed: Rect): void;
  /** Whether it waits for the model. */
  onBusy(isBusy: boolean): void;
  onFailed(error: unknown): void;
}

/** Regions grown along the affinity that a model has learned: the last one follows the threshold until something else is done. */
export class Growth {
  readonly #options: GrowthOptions;
  #open: Open | undefined;
  #asked = new AbortController();
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(options: GrowthOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Grows a region from a pixel as soon as the model has told what belongs to it. */
  async start(session: MaskSession, label: number, x: number, y: number): Promise<void> {
    this.close();
    const { width, height } = session.map;
    const model = this.#options.model();
    if (model === undefined || x < 0 || y < 0 || x >= width || y >= height) return;
    const asked = (this.#asked = new AbortController());
    this.#options.onBusy(true);
    try {
      const { tokens } = (await session.layers(model)).head;
      const token = tokenAt(x, y, session.map, tokens);
      const { affinity } = await getAffinity(session.details.id, model, token, asked.signal);
      if (asked.signal.aborted) return;
      const scores = spreadToPixels(affinity, tokens, session.colors(scoreSize(session.map)));
      const { over, locked } = this.#options.settings();
      const edit = session.begin({ label, over, locked });
      this.#open = { session, edit, scores, x, y };
      this.update();
      // At once, so that it can be undone; what the threshold changes later takes its place.
      this.#commit();
    } catch (error) {
      if (!asked.signal.aborted) this.#options.onFailed(error);
    } finally {
      if (this.#asked === asked) this.#options.onBusy(false);
    }
  }

  /** Grows the last region anew, up to the threshold that is set now. */
  update(): void {
    if (this.#open === undefined) return;
    const { session, edit, scores, x, y } = this.#open;
    const changed = edit.grow(scores, this.#options.settings().threshold, x, y);
    if (changed) this.#options.onChange(session, changed);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#commit(), restMs);
  }

  /** Sends the region and lets go of it; what was asked of the model is forgotten. */
  close(): void {
    this.#asked.abort();
    this.#commit();
    this.#open = undefined;
  }

  #commit(): void {
    if (this.#rest === undefined) return;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    if (this.#open) this.#open.session.commit(this.#open.edit);
  }
}
