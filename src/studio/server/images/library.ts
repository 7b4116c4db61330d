import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Project } from "../../protocol.ts";
import type { Events } from "../studio.ts";
import type { BuiltIndex } from "./columns.ts";
import type { ImageIndex } from "./image-index.ts";
import type { LibraryCalls, LibraryNews, LibrarySetup, NamedTags } from "./library-calls.ts";
import { Scan } from "./scan.ts";
import { ThreadCalls } from "./thread-calls.ts";

/** Milliseconds between two looks at whether another program has changed the data. */
const checkEvery = 2000;

/** Milliseconds for which a request waits for what its images' files show. */
const lookPatience = 25;

/** Milliseconds after which a data folder is listed whose stored index is good. */
const listAfter = 1500;

/** Milliseconds without changes after which the index is stored. */
const saveAfter = 5000;

/**
 * Keeps the index of the images in step with the data folder, by a thread of its own: at the start, and when another program changes
 * something.
 */
export class Library {
  indexing: Project["indexing"] = null;
  /** Why the data folder cannot be listed. */
  failure: string | null = null;
  /** Called after each listing, before anybody sees it. */
  onListed: () => void = () => undefined;
  /** Whether changes wait that are not written yet: another program's are then told instead of taken over. */
  isHeld: () => boolean = () => false;
  private readonly worker: Worker;
  private readonly thread: ThreadCalls<LibraryCalls>;
  private readonly scan: Scan;
  private building: Promise<void> | undefined;
  private isListed = false;
  private isClosed = false;
  private saving: NodeJS.Timeout | undefined;
  private checking: NodeJS.Timeout | undefined;
  private hasChanged = false;

  constructor(
    readonly index: ImageIndex,
    setup: LibrarySetup,
    private readonly events: Events,
  ) {
    this.worker = new Worker(threadEntry(), { workerData: setup });
    this.thread = new ThreadCalls(this.worker, (told) => this.takeNews(told as LibraryNews));
    this.scan = new Scan(
      index,
      (images) => this.thread.ask("look", images),
      () => this.changed(),
    );
  }

  /** Begins: resolves when all images are listed. */
  async open(): Promise<void> {
    this.indexing = { done: 0, total: null };
    try {
      const stored = await this.thread.ask("open", null);
      if (stored) this.index.take(stored.built);
      if (!stored?.isFresh) await this.list();
      else this.listLater();
    } catch (error) {
      // It is tried again as soon as the folder changes.
      this.failure = error instanceof Error ? error.message : String(error);
    }
    this.setIndexing(null);
    this.checkLater();
    void this.scan.run();
  }

  /** Lists the data folder again; what was asked for while that goes on is answered by the same listing or the next. */
  async list(): Promise<void> {
    while (this.building) await this.building;
    this.building = this.build().finally(() => (this.building = undefined));
    await this.building;
  }

  /** Waits until this process has listed the data folder itself. */
  async listed(): Promise<void> {
    await this.index.complete;
    if (!this.isListed) await this.list();
  }

  /** Looks at the files of images that nothing is known of yet, for a short while; what comes later is published. */
  async look(ids: readonly number[]): Promise<void> {
    const looking = this.scan.look(ids);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, lookPatience)));
    await Promise.race([looking, patience]);
    clearTimeout(timer);
  }

  /** Writes tags to the disk; false if another program has changed their file. */
  async writeTags(changes: readonly NamedTags[]): Promise<boolean> {
    const isWritten = await this.thread.ask("tag", { changes, classes: this.index.classes });
    if (isWritten) this.changed();
    return isWritten;
  }

  async addClass(name: string): Promise<void> {
    await this.listed();
    await this.thread.ask("addClass", name);
    this.changed();
  }

  /** Writes scenes as a data set into the data folder, and lists them. */
  async writeSample(images: number): Promise<void> {
    while (this.building) await this.building;
    this.setIndexing({ done: 0, total: images });
    this.building = this.thread
      .ask("sample", images)
      .then(() => this.build())
      .finally(() => {
        this.building = undefined;
        this.setIndexing(null);
      });
    await this.building;
  }

  /** Tells that something of the project changed. */
  announce(): void {
    this.events.publish({ type: "project" });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.checking);
    clearTimeout(this.saving);
    this.scan.stop();
    if (this.hasChanged) await this.save().catch(() => undefined);
    await this.worker.terminate();
  }

  /** Says that something changed that the stored index has. */
  private changed(): void {
    this.hasChanged = true;
    clearTimeout(this.saving);
    this.saving = setTimeout(() => void this.save().catch(() => undefined), saveAfter).unref();
  }

  private async save(): Promise<void> {
    if (this.index.count === 0 || this.indexing) return;
    this.hasChanged = false;
    await this.thread.ask("save", this.index.stored());
  }

  private async build(): Promise<void> {
    // While images are known already, nobody has to wait.
    if (!this.isListed && this.indexing) this.setIndexing({ done: this.index.count, total: null });
    try {
      const built: BuiltIndex = await this.thread.ask("build", this.index.known());
      this.failure = null;
      this.isListed = true;
      this.index.take(built);
      this.onListed();
      this.changed();
    } finally {
      this.setIndexing(null);
    }
    this.scan.again();
  }

  private setIndexing(state: Project["indexing"]): void {
    this.indexing = state;
    this.announce();
  }

  private takeNews(news: LibraryNews): void {
    if ("found" in news) {
      this.index.addFound(news.found);
      if (this.indexing) this.setIndexing({ done: this.index.count, total: null });
    } else this.setIndexing({ done: news.written, total: news.total });
  }

  /** Lists the data in the background though it is unchanged: to write tags, the thread has to know their lines. */
  private listLater(): void {
    setTimeout(() => void this.listed().catch(() => undefined), listAfter).unref();
  }

  /** Lists the data again once it is not as it was. */
  private checkLater(): void {
    if (this.isClosed) return;
    this.checking = setTimeout(() => {
      void this.check()
        .catch(() => undefined)
        .then(() => this.checkLater());
    }, checkEvery).unref();
  }

  private async check(): Promise<void> {
    if (this.building || this.isHeld()) return;
    if (!(await this.thread.ask("check", null)) && !this.isHeld()) await this.list();
  }
}

function threadEntry(): URL {
  const ending = extname(import.meta.url);
  return new URL(`./library-thread${ending === ".ts" ? ".source.mjs" : ending}`, import.meta.url);
}
