import { decodeMask } from "../../patches.ts";
import type { Verdict } from "../../protocol.ts";
import type { IndexedImage, Library, Masks, ReviewFacts } from "../studio.ts";
import { CorrectionClasses } from "./correction-classes.ts";
import { ImageMask, longJournal, type MaskTools, type SentMask } from "./image-mask.ts";
import { MaskFiles } from "./mask-files.ts";
import { PixelWorker } from "./pixel-worker.ts";
import { ReviewLog, type ReviewEntry, type VerdictEntry } from "./review-log.ts";
import { ShownDrafts, type DraftSource } from "./shown-drafts.ts";
import { StrokeJournal } from "./stroke-journal.ts";
import { join } from "../../../files/text/path.ts";

export interface MaskBookOptions {
  /** Seconds without a stroke after which a journal is put into the PNG. */
  readonly idleSeconds?: number;
  /** Takes sentences about files that are not as they were left. */
  readonly tell?: (message: string) => void;
  /** A process for the pixels that others use too; one of its own by default. */
  readonly worker?: PixelWorker;
}

/** The work on one image's mask, one piece after the other. */
interface Page {
  readonly mask: ImageMask;
  previous: Promise<unknown>;
  idle?: NodeJS.Timeout;
}

/** The masks that people make, of all images. */
export class MaskBook implements Masks {
  private readonly pages = new Map<string, Page>();
  /** Verdicts of this session, in milliseconds since 1970. */
  readonly sessionVerdicts: number[] = [];

  private constructor(
    private readonly tools: MaskTools,
    private readonly idleSeconds: number,
    private readonly tell: (message: string) => void,
    private readonly ownsWorker: boolean,
  ) {}

  /** Opens the masks of a project, and puts right what a killed process left. */
  static async open(
    library: Library,
    drafts: DraftSource,
    { idleSeconds = 5, tell = toTerminal, worker: shared }: MaskBookOptions = {},
  ): Promise<MaskBook> {
    const { host, folder, images } = library;
    const { store } = host;
    const files = new MaskFiles(store, folder);
    await files.removeTemporary();
    const { log, entries } = await ReviewLog.open(store, join(folder, "review.jsonl"), tell);
    const [corrections, aside] = [await files.named("corrections"), await files.named("set-aside")];
    const hasFiles = corrections.length > 0;
    const classes = await CorrectionClasses.open(store, files.folder("corrections"), images, hasFiles); // prettier-ignore
    const worker = shared ?? new PixelWorker();
    const tools = { library, files, classes, log, worker, drafts: new ShownDrafts(drafts, worker) };
    const book = new MaskBook(tools, idleSeconds, tell, shared === undefined);
    const forgotten = book.replay(entries);
    for (const name of [...corrections, ...aside]) book.pageOf(name).mask.hasFile = true;
    for (const name of await files.journaled()) await book.openJournal(name);
    for (const [name, rev] of forgotten) {
      const { mask } = book.pageOf(name);
      // A journal that was begun after the reset is no part of what is forgotten.
      if ((mask.journal?.newest?.rev ?? 0) <= rev) await mask.forget();
    }
    for (const name of corrections) await book.putInPlace(name, "corrections");
    for (const name of aside) await book.putInPlace(name, "set-aside");
    book.publish([...book.pages.keys()]);
    void images.complete.then(() => book.publish([...book.pages.keys()]));
    for (const [name, page] of book.pages) if (page.mask.journal) book.foldLater(name, page, 0);
    return book;
  }

  async read(id: number): ReturnType<Masks["read"]> {
    const image = this.tools.library.images.at(id);
    if (!image) return { rev: 0, source: "none", labels: undefined };
    const { runs, ...about } = await this.send(image);
    return { ...about, labels: runs && decodeMask(runs) };
  }

  /** The mask of an image as the page gets it. */
  send(image: IndexedImage): Promise<SentMask> {
    return this.work(image, (mask) => mask.read(image));
  }

  /** The current draft of an image, whatever a person made of it; undefined without one. */
  async sendDraft(image: IndexedImage): Promise<Uint8Array | undefined> {
    const labels = await this.tools.drafts.source.draft(image.id);
    return labels && this.tools.worker.bytes({ from: { labels }, want: "runs" });
  }

  /** The current draft of an image as a PNG in the numbers of the project; undefined without one. */
  async draftPng(id: number): Promise<Uint8Array | undefined> {
    const labels = await this.tools.drafts.source.draft(id);
    return labels && this.tools.worker.bytes({ from: { labels }, want: "png" });
  }

  paint(image: IndexedImage, rev: number, patch: Uint8Array): Promise<number> {
    return this.work(image, async (mask, page) => {
      const now = await mask.paint(image, rev, patch);
      this.foldLater(image.name, page, (mask.journal?.bytes ?? 0) > longJournal ? 0 : this.idleSeconds); // prettier-ignore
      return now;
    });
  }

  async judge(image: IndexedImage, rev: number, verdict: Verdict): Promise<void> {
    await this.work(image, (mask) => mask.judge(image, rev, verdict));
    if (verdict !== "none") this.sessionVerdicts.push(Date.now());
  }

  reset(image: IndexedImage, rev: number): Promise<number> {
    return this.work(image, (mask) => mask.reset(rev));
  }

  corrected(): readonly number[] {
    const names = [...this.pages].filter(([, { mask }]) => mask.isCorrection).map(([name]) => name);
    return names.flatMap((name) => this.tools.library.images.named(name)?.id ?? []);
  }

  /** The newest verdicts, by the names of their images. */
  verdicts(): VerdictEntry[] {
    const judged = [...this.pages.values()].map(({ mask }) => mask.judged);
    return judged.filter((entry) => entry !== undefined && entry.verdict !== "none") as VerdictEntry[]; // prettier-ignore
  }

  /** Path of a mask's PNG in the numbers of `classes`, if it is a correction; all strokes are in it after `flush`. */
  correctionFile(name: string): string | undefined {
    const mask = this.pages.get(name)?.mask;
    return mask?.isCorrection ? this.tools.files.png("corrections", name) : undefined;
  }

  /** The project's label for each label of the correction files. */
  async projectLabels(): Promise<number[]> {
    const table = await this.tools.classes.toProject();
    return [...table.subarray(0, this.tools.classes.all.length + 1)];
  }

  /** Puts all strokes into the PNGs, for whoever reads them. */
  async flush(): Promise<void> {
    const open = [...this.pages].filter(([, { mask }]) => mask.journal);
    await Promise.all(open.map(([, page]) => this.foldNow(page)));
  }

  async close(): Promise<void> {
    for (const page of this.pages.values()) clearTimeout(page.idle);
    await Promise.all([...this.pages.values()].map(({ previous }) => previous.catch(() => undefined))); // prettier-ignore
    await this.flush();
    await this.tools.log.close();
    if (this.ownsWorker) await this.tools.worker.close();
  }

  private pageOf(name: string): Page {
    const known = this.pages.get(name);
    if (known) return known;
    const page = { mask: new ImageMask(name, this.tools), previous: Promise.resolve() };
    this.pages.set(name, page);
    return page;
  }

  /** Does a piece of work on a mask after those before it, and tells what changed. */
  private work<T>(
    image: IndexedImage,
    piece: (mask: ImageMask, page: Page) => Promise<T>,
  ): Promise<T> {
    const page = this.pageOf(image.name);
    const result = page.previous
      .catch(() => undefined)
      .then(async () => {
        const before = factsOf(page.mask);
        try {
          return await piece(page.mask, page);
        } finally {
          const facts = factsOf(page.mask);
          if (JSON.stringify(facts) !== JSON.stringify(before)) this.publish([image.name]);
        }
      });
    page.previous = result;
    return result;
  }

  private publish(names: readonly string[]): void {
    const { images } = this.tools.library;
    const changes = names.flatMap((name) => {
      const id = images.named(name)?.id;
      return id === undefined ? [] : [{ id, facts: factsOf(this.pageOf(name).mask) }];
    });
    if (changes.length > 0) images.setFacts(changes);
  }

  private foldLater(name: string, page: Page, seconds: number): void {
    clearTimeout(page.idle);
    page.idle = setTimeout(() => {
      this.foldNow(page).catch((error: unknown) => this.tell(`${name}: ${String(error)}`));
    }, 1000 * seconds).unref();
  }

  private foldNow(page: Page): Promise<void> {
    clearTimeout(page.idle);
    const folded = page.previous.catch(() => undefined).then(() => page.mask.fold());
    page.previous = folded;
    return folded;
  }

  /** Takes over what the log has; returns the names whose corrections were forgotten and not begun anew, with the revision of that. */
  private replay(entries: readonly ReviewEntry[]): Map<string, number> {
    const forgotten = new Map<string, number>();
    for (const entry of entries) {
      const { mask } = this.pageOf(entry.image);
      mask.rev = Math.max(mask.rev, entry.rev);
      if (entry.type === "reset") forgotten.set(entry.image, entry.rev);
      else forgotten.delete(entry.image);
      if (entry.type === "verdict") mask.judged = entry;
      if (entry.type === "begun") mask.begun = entry;
      if (entry.type === "reset") mask.judged = mask.begun = undefined;
    }
    return forgotten;
  }

  private async openJournal(name: string): Promise<void> {
    const { library, files } = this.tools;
    const path = files.journal(name);
    const opened = await StrokeJournal.open(library.host.store, path);
    if (!opened) {
      this.tell(`${path}: is no journal of strokes and is left alone`);
      return;
    }
    const { journal, cut } = opened;
    if (cut > 0) {
      this.tell(`${path}: its last stroke was not whole, as by a crash, and is dropped (${cut} bytes)`); // prettier-ignore
    }
    const { mask } = this.pageOf(name);
    mask.journal = journal;
    mask.rev = Math.max(mask.rev, journal.newest?.rev ?? 0);
  }

  /** Moves the mask of an image to where its verdict wants it, if a process was killed before it could. */
  private async putInPlace(name: string, folder: "corrections" | "set-aside"): Promise<void> {
    const { mask } = this.pageOf(name);
    if (mask.hasFile && mask.place !== folder) {
      await this.tools.files.move(name, folder, mask.place);
    }
  }
}

function factsOf(mask: ImageMask): Pick<ReviewFacts, "verdict" | "maskRev" | "hasCorrection"> {
  return { verdict: mask.verdict, maskRev: mask.rev, hasCorrection: mask.isCorrection };
}

function toTerminal(message: string): void {
  process.stderr.write(`studio: ${message}\n`);
}
