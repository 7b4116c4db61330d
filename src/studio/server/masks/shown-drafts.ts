import type { LabelMap } from "../../../method/images/image.ts";
import type { PixelWorker } from "./pixel-worker.ts";
import type { MaskSize } from "./stroke-journal.ts";

/** Most bytes of drafts that are remembered. */
const mostBytes = 32 << 20;

/** Where drafts come from. */
export interface DraftSource {
  /** The mask that the current model drafts for an image; undefined without a model. */
  draft(id: number): Promise<LabelMap | undefined>;
  /** Id of the current model; undefined without one. */
  model(): string | undefined;
}

export interface ShownDraft {
  /** As the page gets it, in the numbers of the project. */
  readonly runs: Uint8Array;
  readonly model: string | null;
}

/**
 * Drafts as they were last shown: a stroke on one changes what the person saw, even if there is a newer model by then.
 */
export class ShownDrafts {
  private readonly shown = new Map<number, ShownDraft>();
  private bytes = 0;

  constructor(
    readonly source: DraftSource,
    private readonly worker: PixelWorker,
  ) {}

  /** The draft that was last shown of an image, else the current one. */
  async last(id: number, size: MaskSize): Promise<ShownDraft | undefined> {
    return this.shown.get(id) ?? (await this.current(id, size));
  }

  /** The current draft of an image, which counts as shown. */
  async current(id: number, size: MaskSize): Promise<ShownDraft | undefined> {
    const model = this.source.model() ?? null;
    const labels = await this.source.draft(id);
    if (!labels) return undefined;
    const runs = await this.worker.bytes({ from: { labels }, size, want: "runs" });
    const draft = { runs, model };
    this.remember(id, draft);
    return draft;
  }

  /** Whether a draft differs from the one that was shown before it. */
  hasChanged(id: number, before: ShownDraft | undefined): boolean {
    const now = this.shown.get(id);
    return !!now && !!before && Buffer.compare(now.runs, before.runs) !== 0;
  }

  peek(id: number): ShownDraft | undefined {
    return this.shown.get(id);
  }

  private remember(id: number, draft: ShownDraft): void {
    this.forget(id);
    this.shown.set(id, draft);
    this.bytes += draft.runs.length;
    for (const oldest of this.shown.keys()) {
      if (this.bytes <= mostBytes || oldest === id) return;
      this.forget(oldest);
    }
  }

  private forget(id: number): void {
    this.bytes -= this.shown.get(id)?.runs.length ?? 0;
    this.shown.delete(id);
  }
}
