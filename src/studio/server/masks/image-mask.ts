import { ignoreIndex } from "../../../method/images/image.ts";
import { placeOf } from "../../patches.ts";
import type { Verdict } from "../../protocol.ts";
import { conflict, RequestError } from "../failure.ts";
import type { IndexedImage, Library } from "../studio.ts";
import type { CorrectionClasses } from "./correction-classes.ts";
import type { MaskFiles, PngFolder } from "./mask-files.ts";
import { labelsInPatch, translatePatch } from "./patch-labels.ts";
import type { Pixels } from "./pixel-work.ts";
import type { PixelWorker } from "./pixel-worker.ts";
import type { BegunEntry, ReviewLog, VerdictEntry } from "./review-log.ts";
import type { ShownDrafts } from "./shown-drafts.ts";
import {
  markOf,
  StrokeJournal,
  type MaskSize,
  type Stroke,
  type StrokeMark,
} from "./stroke-journal.ts";

/** What the masks of all images share. */
export interface MaskTools {
  readonly library: Pick<Library, "host" | "images">;
  readonly files: MaskFiles;
  readonly classes: CorrectionClasses;
  readonly log: ReviewLog;
  readonly worker: PixelWorker;
  readonly drafts: ShownDrafts;
}

/** A mask as the page gets it. */
export interface SentMask {
  readonly rev: number;
  readonly source: "correction" | "draft" | "none";
  /** As `encodeMask` writes it; undefined without a mask. */
  readonly runs: Uint8Array | undefined;
}

/** Bytes of strokes from which on they are put into the PNG without waiting for a pause. */
export const longJournal = 4 << 20;

/**
 * The mask that a person makes of an image. Its pixels are those of its PNG, or of the draft that it began with, with the strokes of its
 * journal over them; whatever is changed is on the disk before it is answered. Call its methods one at a time.
 */
export class ImageMask {
  rev = 0;
  journal: StrokeJournal | undefined;
  /** The newest verdict. */
  judged: VerdictEntry | undefined;
  /** The draft that it began with. */
  begun: BegunEntry | undefined;
  /** Whether it has a PNG. */
  hasFile = false;
  /** The newest stroke of the last journal. */
  private folded: StrokeMark | undefined;

  constructor(
    readonly name: string,
    private readonly tools: MaskTools,
  ) {}

  get verdict(): Verdict {
    return this.judged?.verdict ?? "none";
  }

  get isChanged(): boolean {
    return this.hasFile || this.journal !== undefined;
  }

  /** Whether it trains and is exported. */
  get isCorrection(): boolean {
    return this.isChanged && this.place === "corrections";
  }

  /** Folder of its PNG. */
  get place(): PngFolder {
    return this.verdict === "rejected" || this.verdict === "unsure" ? "set-aside" : "corrections";
  }

  async read(image: IndexedImage): Promise<SentMask> {
    const { worker, classes, drafts } = this.tools;
    if (this.isChanged) {
      const table = await classes.toProject();
      const runs = await worker.bytes({ ...(await this.pixels()), table, want: "runs" });
      return { rev: this.rev, source: "correction", runs };
    }
    const before = drafts.peek(image.id);
    const draft = await drafts.current(image.id, await this.sizeOf(image));
    // Whoever has the older draft before their eyes would paint on another one.
    if (drafts.hasChanged(image.id, before)) this.rev++;
    return { rev: this.rev, source: draft ? "draft" : "none", runs: draft?.runs };
  }

  /** Takes a stroke, and returns the new revision once it is on the disk. */
  async paint(image: IndexedImage, rev: number, patch: Uint8Array): Promise<number> {
    const size = await this.sizeOf(image);
    const own = await this.checked(patch, size);
    const stroke = { rev: rev + 1, patch: own };
    if (stroke.rev === this.rev && this.isNewest(stroke)) return this.rev;
    this.checkRev(rev);
    this.journal ??= await this.openJournal(image, size);
    await this.journal.append(stroke);
    return (this.rev = stroke.rev);
  }

  /** Stores a verdict. Accepting makes the mask a correction, be it changed or not. */
  async judge(image: IndexedImage, rev: number, verdict: Verdict): Promise<void> {
    this.checkRev(rev);
    const { files, log, library } = this.tools;
    if (verdict === "accepted" && !this.isChanged) await this.takeDraft(image);
    await this.writePng();
    const { drawn, confidence } = library.images.facts(image.id);
    const pixels = await this.pixelsOfClasses(image, verdict);
    const known = this.begun ?? {
      confidence: Number.isFinite(confidence) ? confidence : null,
      model: pixels.length > 0 ? (this.tools.drafts.peek(image.id)?.model ?? null) : null,
    };
    const from = this.place;
    const entry: VerdictEntry = {
      type: "verdict",
      ...this.stamp(),
      verdict,
      drawn,
      confidence: known.confidence,
      model: known.model,
      pixels,
    };
    await log.append(entry);
    this.judged = entry;
    await this.dropJournal();
    if (this.hasFile && from !== this.place) await files.move(this.name, from, this.place);
  }

  /** Forgets the correction and the verdict; the last mask is kept in a folder of its own. */
  async reset(rev: number): Promise<number> {
    this.checkRev(rev);
    await this.writePng();
    await this.tools.log.append({ type: "reset", ...this.stamp(), rev: rev + 1 });
    this.rev = rev + 1;
    await this.forget();
    return this.rev;
  }

  /** Puts the strokes of the journal into the PNG. */
  async fold(): Promise<void> {
    if (!this.journal) return;
    await this.writePng();
    if (this.journal.newest) await this.tools.log.append({ type: "stored", ...this.stamp() }); // prettier-ignore
    await this.dropJournal();
  }

  /** Removes all files of a correction that is forgotten. */
  async forget(): Promise<void> {
    const { files, library } = this.tools;
    await this.dropJournal();
    for (const folder of ["corrections", "set-aside"] as const) {
      await files.move(this.name, folder, "forgotten");
    }
    await library.host.store.remove(files.png("bases", this.name));
    this.hasFile = false;
    this.judged = undefined;
    this.begun = undefined;
  }

  /** Whether a stroke is the newest one already: it is sent again when its answer was lost. */
  private isNewest(stroke: Stroke): boolean {
    const { rev, bytes, crc } = markOf(stroke);
    const newest = this.journal?.newest ?? this.folded;
    return newest?.rev === rev && newest.bytes === bytes && newest.crc === crc;
  }

  private stamp(): { time: string; image: string; rev: number } {
    return { time: new Date().toISOString(), image: this.name, rev: this.rev };
  }

  private checkRev(rev: number): void {
    if (rev === this.rev) return;
    throw conflict(
      `The mask was changed elsewhere: the change was made on revision ${rev}, but it has revision ${this.rev}.`,
      { rev: this.rev },
    );
  }

  /** A patch in the numbers of the corrections; a RequestError if it does not fit the mask. */
  private async checked(patch: Uint8Array, size: MaskSize): Promise<Uint8Array> {
    const invalid = (message: string): RequestError =>
      new RequestError(400, "invalid-input", message);
    const { classes } = this.tools.library.images;
    try {
      const { x, y, width, height } = placeOf(patch);
      if (x + width > size.width || y + height > size.height) {
        throw invalid(
          `patch: ${width} x ${height} at ${x}, ${y} does not lie in the mask of ${size.width} x ${size.height}`,
        );
      }
      const labels = labelsInPatch(patch);
      const unknown = labels.find((label) => label > classes.length && label !== ignoreIndex);
      if (unknown !== undefined) {
        throw invalid(`patch: has label ${unknown}, but there are only ${classes.length} classes`);
      }
      return translatePatch(patch, await this.tools.classes.fromProject(labels));
    } catch (error) {
      if (error instanceof RangeError) throw invalid(error.message);
      throw error;
    }
  }

  private async sizeOf(image: IndexedImage): Promise<MaskSize> {
    if (this.journal) return this.journal.size;
    const { codec } = this.tools.library.host;
    if (this.hasFile) return codec.header(this.tools.files.png(this.place, this.name));
    if (image.width > 0 && image.height > 0) return image;
    return codec.header(image.path);
  }

  /** Begins a journal, at first on the draft that was shown, which is kept. */
  private async openJournal(image: IndexedImage, size: MaskSize): Promise<StrokeJournal> {
    const { files, library } = this.tools;
    if (!this.hasFile) await this.keepDraft(image, size);
    const path = files.journal(this.name);
    return StrokeJournal.create(library.host.store, path, { width: size.width, height: size.height }); // prettier-ignore
  }

  /** Keeps the draft that was shown, as it is; returns its PNG, undefined without a draft. */
  private async keepDraft(image: IndexedImage, size: MaskSize): Promise<Uint8Array | undefined> {
    const { files, library, worker, drafts, classes, log } = this.tools;
    const path = files.png("bases", this.name);
    const draft = await drafts.last(image.id, size);
    if (!draft) {
      await library.host.store.remove(path);
      return undefined;
    }
    const table = await classes.fromProject(labelsInPatch(draft.runs));
    const data = await worker.bytes({ from: { runs: draft.runs }, size, table, want: "png" });
    await library.host.store.write([{ path, data }]);
    const { confidence } = library.images.facts(image.id);
    this.begun = {
      type: "begun",
      ...this.stamp(),
      confidence: Number.isFinite(confidence) ? confidence : null,
      model: draft.model,
    };
    await log.append(this.begun);
    return data;
  }

  /** Makes the draft the mask, as it is. */
  private async takeDraft(image: IndexedImage): Promise<void> {
    const { files, library } = this.tools;
    const data = await this.keepDraft(image, await this.sizeOf(image));
    if (!data) {
      throw new RequestError(400, "no-mask", "There is no mask to accept: paint one, or train a model that drafts it."); // prettier-ignore
    }
    await library.host.store.write([{ path: files.png(this.place, this.name), data }]);
    this.hasFile = true;
  }

  /** Where the pixels come from, in the numbers of the corrections. */
  private async pixels(): Promise<{ readonly from: Pixels; readonly journal?: Uint8Array }> {
    const { files, library } = this.tools;
    const { store } = library.host;
    const journal = this.journal && { journal: await store.read(files.journal(this.name)) };
    const path = files.png(this.hasFile ? this.place : "bases", this.name);
    if (this.hasFile || (await store.stat(path))) {
      return { from: { png: await store.read(path) }, ...journal };
    }
    return { from: { unknown: this.journal!.size }, ...journal };
  }

  private async writePng(): Promise<void> {
    if (!this.journal?.newest) return;
    const { files, library, worker } = this.tools;
    const data = await worker.bytes({ ...(await this.pixels()), want: "png" });
    await library.host.store.write([{ path: files.png(this.place, this.name), data }]);
    this.hasFile = true;
  }

  private async dropJournal(): Promise<void> {
    if (!this.journal) return;
    await this.journal.close();
    this.folded = this.journal.newest;
    this.journal = undefined;
    await this.tools.library.host.store.remove(this.tools.files.journal(this.name));
  }

  /** What the review is scored by: pixels of the classes in the mask, in the draft as it was first shown, and in both. */
  private async pixelsOfClasses(
    image: IndexedImage,
    verdict: Verdict,
  ): Promise<VerdictEntry["pixels"]> {
    const { files, library, worker, classes, drafts } = this.tools;
    if (verdict === "none" || verdict === "unsure") return [];
    const { store } = library.host;
    const base = files.png("bases", this.name);
    const first = (await store.stat(base)) && { png: await store.read(base) };
    if (verdict === "accepted") {
      const { own, other, both } = await worker.overlap({
        ...(await this.pixels()),
        ...(first && { against: first }),
      });
      return shownLabels(own, other).map((label) => [classes.nameOf(label), own[label]!, other[label]!, both[label]!]); // prettier-ignore
    }
    const draft = first ? undefined : await drafts.last(image.id, await this.sizeOf(image));
    if (!first && !draft) return [];
    const { own } = await worker.overlap({ from: first ?? { runs: draft!.runs } });
    const names = first ? classes.all : library.images.classes;
    return shownLabels(own).map((label) => [label === 0 ? "background" : names[label - 1]!, 0, own[label]!, 0]); // prettier-ignore
  }
}

function shownLabels(...counts: readonly Float64Array[]): number[] {
  return Array.from({ length: ignoreIndex }, (_, label) => label).filter((label) =>
    counts.some((pixels) => pixels[label]! > 0),
  );
}
