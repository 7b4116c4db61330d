import type { AppendFile, Lock, Store } from "../../host/store.ts";
import { UserError, type Remedy } from "../../user-error.ts";
import { lockFile } from "../run/files.ts";
import { basename, dirname, join } from "../text/path.ts";
import { areWhole, fileWith, type FinishedFile } from "./finished-files.ts";
import {
  differingSettings,
  jobText,
  journalName,
  readJob,
  readJournal,
  type FinishedImage,
  type JobSettings,
} from "./journal.ts";
import { OlderFiles, type Replaced } from "./older-files.ts";

/** Lines of the journal after which the disk is made to hold them. */
const linesBetweenSyncs = 32;

/** The settings of a job in its hidden folder. */
export const jobName = "job.json";

/** Times that a job looks for its hidden folder, which another one may be removing at that moment. */
const claims = 10;

/** Where a job writes: a folder, or a single file with its companions. */
export interface OutputPlace {
  readonly path: string;
  readonly single: boolean;
}

export interface ClaimOptions {
  readonly settings: JobSettings;
  /** Continue the unfinished job; a UserError if there is none, or its settings are others. */
  readonly resume?: boolean;
  /** Begin anew, whatever is there. */
  readonly overwrite?: boolean;
  /** Continue an unfinished job of the same settings without being asked. */
  readonly always?: boolean;
}

/**
 * The state of a job until it is complete, in a hidden folder beside its results: `job.json` with its settings,
 * `journal.jsonl` with a line for each finished image, `older.jsonl` with the files of earlier jobs that it replaces, and the lock
 * by which it is the only one to write there. Files are believed only if size and checksum agree.
 */
export class UnfinishedJob {
  private unsynced = 0;
  private journal: AppendFile | undefined;
  private images = new Map<number, FinishedImage>();

  private constructor(
    private readonly store: Store,
    /** The hidden folder. */
    readonly folder: string,
    /** The folder that the paths of files are relative to. */
    private readonly root: string,
    private readonly lock: Lock,
    private readonly older: OlderFiles,
    private readonly options: ClaimOptions,
    /** Whether the job goes on with what an earlier one of the same settings finished. */
    readonly continues: boolean,
  ) {}

  /** The hidden folder of the job that writes a folder, or a single file. */
  static folderOf({ path, single }: OutputPlace): string {
    return single
      ? join(dirname(path), `.${basename(path)}.unfinished`)
      : join(path, ".unfinished");
  }

  /**
   * Takes a place for a job, which nobody else can write to until it ends or leaves it. Call `begin` before the first image. A
   * UserError if another process has it, or if an unfinished job is in it and it was not asked to continue or replace that.
   */
  static async claim(
    store: Store,
    place: OutputPlace,
    options: ClaimOptions,
  ): Promise<UnfinishedJob> {
    const folder = UnfinishedJob.folderOf(place);
    const root = place.single ? dirname(place.path) : place.path;
    const lock = await takeLock(store, folder, { root, place: place.path });
    try {
      const continues = await mayContinue(store, folder, place.path, options);
      const older = await OlderFiles.find(store, { ...place, root, folder });
      return new UnfinishedJob(store, folder, root, lock, older, options, continues);
    } catch (error) {
      // A disk that fails may refuse this too; the first reason is the one to tell.
      await lock.release().catch(() => undefined);
      await store.removeEmptyFolders(folder, root).catch(() => undefined);
      throw error;
    }
  }

  /** Reads what is finished, or else makes the state of a new job. */
  async begin(): Promise<void> {
    const { store, folder } = this;
    const journal = join(folder, journalName);
    const found = await readJournal(store, folder);
    if (this.continues) {
      this.images = found.images;
      // A line that was cut short gives way to the next one.
      this.journal = await store.append(journal, found.bytes);
      return;
    }
    // The files of the job that is given up are known as older ones before its journal goes, and its journal is gone before
    // the new settings are there: settings never stand beside the journal of others.
    const files = [...found.images.values()].flatMap((image) => image.files);
    await this.older.add(files.filter(({ path }) => !this.isHidden(path)));
    const job = join(folder, jobName);
    await store.remove(job);
    this.journal = await store.append(journal, 0);
    const { settings, overwrite = false } = this.options;
    await store.write([{ path: job, data: jobText({ settings, overwrite }) }]);
  }

  /** Number of finished images. */
  get finished(): number {
    return this.images.size;
  }

  /** The finished images in the order of the job. */
  finishedImages(): readonly FinishedImage[] {
    return [...this.images.values()].sort((a, b) => a.index - b.index);
  }

  has(index: number): boolean {
    return this.images.has(index);
  }

  /** A finished image whose files are on disk as they were written; undefined for all others. */
  async intact(index: number, name: string): Promise<FinishedImage | undefined> {
    const image = this.images.get(index);
    if (image === undefined) return undefined;
    const whole = image.name === name && (await areWhole(this.store, this.root, image.files));
    if (!whole) this.images.delete(index);
    return whole ? image : undefined;
  }

  /** Enters finished images; a UserError if another process has taken the place over. */
  async add(...images: readonly FinishedImage[]): Promise<void> {
    await this.lock.check();
    await this.journal!.append(images.map((image) => `${JSON.stringify(image)}\n`).join(""));
    for (const image of images) this.images.set(image.index, image);
    this.unsynced += images.length;
    if (this.unsynced >= linesBetweenSyncs) await this.sync();
  }

  /** Writes a file into the hidden folder, where it stays until the job is complete. */
  async keep(name: string, data: Uint8Array): Promise<FinishedFile> {
    const path = join(this.folder, name);
    await this.store.write([{ path, data }], { durable: false });
    return fileWith(this.keptPath(name), data);
  }

  readKept(name: string): Promise<Uint8Array> {
    return this.store.read(join(this.folder, name));
  }

  /** Whether the place is still this job's own; a lock that another process took over means that it is not. */
  isOwner(): Promise<boolean> {
    return this.lock.check().then(
      () => true,
      () => false,
    );
  }

  /** Whether nothing would be lost with the state: no image is finished, and no list of older files is stored. */
  get isVoid(): boolean {
    // The journal of an earlier part may not have been readable.
    return this.images.size === 0 && !this.continues && !this.older.isStored;
  }

  /** Leaves the place as it is: a job that has begun can be continued. */
  async leave(): Promise<void> {
    // The reason for leaving may be a disk that fails; the lines written are read back as far as they are whole.
    await this.sync().catch(() => undefined);
    await this.release();
  }

  /**
   * Ends a job that is complete: removes the files of earlier jobs that it did not write again, and lists its own, so that a
   * later job can do the same.
   * @param more files besides those of the images
   */
  async complete(more: readonly FinishedFile[]): Promise<Replaced> {
    await this.lock.check();
    const own = [...this.images.values()].flatMap(({ files }) => files);
    const files = [...own, ...more].filter(({ path }) => !this.isHidden(path));
    const replaced = await this.older.replaceBy(files, this.options.overwrite ?? false);
    await this.end();
    return replaced;
  }

  /** Removes the state of a job that is complete, or has nothing to continue. The lock goes last: whoever waits for it finds nothing. */
  async end(): Promise<void> {
    try {
      if (await this.isOwner()) {
        const { files, folders } = await this.store.list(this.folder, { hidden: true });
        // The settings go last: where a file cannot be removed, the job can still be continued.
        const others = [...files, ...folders].filter(
          (name) => name !== jobName && name !== lockFile,
        );
        for (const name of [...others, jobName]) await this.store.remove(join(this.folder, name));
      }
    } finally {
      await this.release();
    }
  }

  private async release(): Promise<void> {
    await this.journal?.close().catch(() => undefined);
    this.journal = undefined;
    try {
      await this.lock.release();
    } finally {
      await this.store.removeEmptyFolders(this.folder, this.root);
    }
  }

  private async sync(): Promise<void> {
    await this.journal?.sync();
    this.unsynced = 0;
  }

  private keptPath(name: string): string {
    return `${basename(this.folder)}/${name}`;
  }

  private isHidden(path: string): boolean {
    return path.startsWith(`${basename(this.folder)}/`);
  }
}

/** Locks the hidden folder of a job, which it makes; one that cannot be locked goes if it is empty. */
export async function takeLock(
  store: Store,
  folder: string,
  { root, place }: { readonly root: string; readonly place: string },
): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    await store.makeFolder(folder);
    try {
      return await store.lock(folder, { place, work: "writing" });
    } catch (error) {
      // Another job has completed, and taken the folder with it.
      if (attempt < claims && !(await store.exists(folder))) continue;
      await store.removeEmptyFolders(folder, root);
      throw error;
    }
  }
}

/** Whether an unfinished job is to be continued; a UserError if that is not possible, or was not asked for. */
async function mayContinue(
  store: Store,
  folder: string,
  path: string,
  { settings, resume = false, overwrite = false, always = false }: ClaimOptions,
): Promise<boolean> {
  if (overwrite) return false;
  const job = await readJob(store, join(folder, jobName));
  if (!job) {
    if (!resume) return false;
    throw new UserError(`${path}: has no unfinished job to continue`, {
      code: "nothing-to-resume",
      remedies: [{ kind: "omit", name: "resume" }],
    });
  }
  const anew: Remedy = { kind: "option", name: "overwrite", purpose: "begins anew" };
  checkSameSettings(path, job.settings, settings, always ? [] : [anew]);
  if (resume || always) return true;
  const { size } = (await readJournal(store, folder)).images;
  // Nothing is lost, and nothing of others is replaced, by going on.
  if (size === 0 && job.overwrite !== true) return true;
  throw new UserError(`${path}: holds this job unfinished, with ${size} images finished`, {
    code: "unfinished",
    remedies: [{ kind: "option", name: "resume", purpose: "goes on with the rest" }, anew],
  });
}

/** A UserError if a stopped job had other settings than the one that is to continue it. */
function checkSameSettings(
  path: string,
  before: JobSettings,
  now: JobSettings,
  more: readonly Remedy[],
): void {
  const differing = differingSettings(before, now);
  if (differing.length === 0) return;
  throw new UserError(
    `${path}: holds an unfinished job with other settings: ${differing.join("; ")}; give the same settings to continue it`,
    {
      code: "other-settings",
      remedies: [{ kind: "option", name: "out", instead: true }, ...more],
    },
  );
}
