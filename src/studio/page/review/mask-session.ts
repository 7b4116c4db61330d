import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import type { Colors } from "../../edit/grow.ts";
import { MaskEditor, type Edit, type Paint } from "../../edit/mask-editor.ts";
import { paletteOf } from "../../edit/paint-rule.ts";
import type { Rect } from "../../edit/rect.ts";
import type { Layers } from "../../layers.ts";
import { encodeMask, encodePatch, type Patch } from "../../patches.ts";
import type { ImageDetails, MaskSource, Verdict } from "../../protocol.ts";
import { getLayers, type StoredMask } from "../api.ts";
import { LabelLayer, type LabelLook } from "../canvas/label-layer.ts";
import type { Size } from "../canvas/view.ts";
import type { Outbox } from "./outbox.ts";

/** An image in review: its picture, its mask under edit, and the way of its changes to the server. */
export class MaskSession {
  details: ImageDetails;
  /** The image, and smaller versions of a large one. */
  readonly pictures: readonly [ImageBitmap, ...ImageBitmap[]];
  readonly map: LabelMap;
  readonly layer: LabelLayer;
  readonly #editor: MaskEditor;
  readonly #outbox: Outbox;
  readonly #watchers = new Set<() => void>();
  readonly #colors = new Map<number, Colors>();
  #layers: { readonly model: string; readonly layers: Promise<Layers> } | undefined;
  #source: MaskSource;
  #version = 0;

  constructor({
    details,
    pictures,
    stored,
    outbox,
    look,
  }: {
    readonly details: ImageDetails;
    readonly pictures: readonly [ImageBitmap, ...ImageBitmap[]];
    readonly stored: StoredMask;
    readonly outbox: Outbox;
    readonly look: LabelLook;
  }) {
    this.details = details;
    this.pictures = pictures;
    this.#source = stored.source;
    // Without a draft nothing is known of any pixel.
    this.map = stored.labels ?? unknownMask(pictures[0]);
    outbox.open(details, stored.rev, this.map);
    if (outbox.isWaiting(details.id)) this.#source = "correction";
    this.layer = new LabelLayer(this.map, look);
    this.#editor = new MaskEditor(this.map, { palette: [] });
    this.#outbox = outbox;
  }

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  version = (): number => this.#version;

  get picture(): ImageBitmap {
    return this.pictures[0];
  }

  get source(): MaskSource {
    return this.#source;
  }

  get depth(): { readonly undo: number; readonly redo: number } {
    return this.#editor.depth;
  }

  /** Labels that this image can be painted with. */
  setPalette(classes: number, knownTags: boolean): readonly number[] {
    const { tags, untagged } = this.details;
    const palette = paletteOf({ classes, tags, untagged, knownTags });
    this.#editor.setPalette(palette);
    return palette;
  }

  begin(paint: Paint): Edit {
    return this.#editor.begin(paint);
  }

  /** Ends an edit and sends it to the server; false if it changed nothing. */
  commit(edit: Edit): boolean {
    const patch = edit.finish();
    if (patch) this.#push(patch);
    return patch !== undefined;
  }

  /** @returns the rectangle that changed; undefined if there is nothing to take back */
  undo(): Rect | undefined {
    return this.#pushed(this.#editor.undo());
  }

  redo(): Rect | undefined {
    return this.#pushed(this.#editor.redo());
  }

  /** Records what the person thinks of the mask as it is. */
  judge(verdict: Verdict): void {
    this.details = { ...this.details, verdict };
    this.#outbox.add(this.details, { kind: "verdict", verdict });
    this.#changed();
  }

  /** The colors of the image at some size, as for tools that look at them. */
  colors({ width, height }: Size): Colors {
    let colors = this.#colors.get(width);
    if (colors === undefined) {
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d", { willReadFrequently: true })!;
      context.drawImage(this.picture, 0, 0, width, height);
      colors = { width, height, data: context.getImageData(0, 0, width, height).data };
      this.#colors.set(width, colors);
    }
    return colors;
  }

  /** What a model sees in the image. */
  layers(model: string): Promise<Layers> {
    if (this.#layers?.model !== model) {
      const layers = getLayers(this.details.id, model);
      layers.catch(() => (this.#layers = undefined));
      this.#layers = { model, layers };
    }
    return this.#layers.layers;
  }

  /** Whether the server has another mask than the one that was opened, or changed, here; drafts are told apart by their confidence. */
  isOutdated(details: ImageDetails): boolean {
    if (this.#outbox.isWaiting(details.id)) return false;
    if (this.#source !== "correction" && details.confidence !== this.details.confidence)
      return true;
    // An answer may be older than what was stored meanwhile.
    return details.maskRev > (this.#outbox.revOf(details.id) ?? 0);
  }

  /** Takes what is now known of the image, such as its tags. */
  update(details: ImageDetails): void {
    if (this.#outbox.isWaiting(details.id)) return;
    this.details = details;
    this.#changed();
  }

  close(): void {
    this.#colors.clear();
    // Not at once: a frame may still be drawn of it.
    setTimeout(() => {
      for (const picture of this.pictures) picture.close();
    }, 1000);
  }

  #pushed(patch: Patch | undefined): Rect | undefined {
    if (patch) this.#push(patch);
    return patch;
  }

  #push(patch: Patch): void {
    // The first change is sent with all the rest, so that it is this draft that becomes the correction.
    const isFirst = this.#source !== "correction";
    this.#source = "correction";
    const bytes = isFirst ? encodeMask(this.map) : encodePatch(patch);
    this.#outbox.add(this.details, { kind: "patch", patch: bytes });
    this.#changed();
  }

  #changed(): void {
    this.#version++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function unknownMask({ width, height }: Size): LabelMap {
  return { width, height, data: new Uint8Array(width * height).fill(ignoreIndex) };
}
