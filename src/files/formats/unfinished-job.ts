import type { AppendFile, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { crc32c } from "../run/crc32c.ts";
import { leavesFolder } from "../text/file-name.ts";
import { basename, dirname, join } from "../text/path.ts";

/** Settings that the results of a job depend on, by name: values that JSON can hold. */
export type JobSettings = Readonly<Record<string, unknown>>;

/** A file of a finished image. Without a checksum only its size is known. */
export interface FinishedFile {
  readonly path: string;
  readonly size: number;
  readonly checksum?: number;
}

/** An image whose files are complete: a line of the journal. */
export interface FinishedImage {
  /** Number of the image among those of the job, from 0. */
  readonly index: number;
  /** Name of its files, without ending. */
  readonly name: string;
  readonly files: readonly FinishedFile[];
  /** Facts that the job needs about the image at its end. */
  readonly facts: unknown;
}

interface JobFile {
  readonly version: number;
  readonly settings: JobSettings;
}

const version = 1;

/** Lines of the journal after which the disk is made to hold them. */
const linesBetweenSyncs = 32;

/**
 * The state of a job that writes masks, in a hidden folder beside them until the job is complete: `job.json` with its
 * settings, and `journal.jsonl` with a line for each finished image. Files are believed only if size and checksum agree.
 */
export class UnfinishedJob {
  private unsynced = 0;

  private constructor(
    private readonly store: Store,
    /** The hidden folder. */
    readonly folder: string,
    /** The folder that the paths of files are relative to. */
    private readonly root: string,
    private readonly journal: AppendFile,
    private readonly images: Map<number, FinishedImage>,
  ) {}

  /** The hidden folder of the job that writes a folder of masks, or a single file. */
  static folderOf(path: string, single: boolean): string {
    return single
      ? join(dirname(path), `.${basename(path)}.unfinished`)
      : join(path, ".unfinished");
  }

  /** The number of images that a stopped job has finished; undefined if there is none, or none that can be continued. */
  static async find(
    store: Store,
    folder: string,
  ): Promise<{ readonly settings: JobSettings; readonly finished: number } | undefined> {
    const file = join(folder, "job.json");
    if ((await store.stat(file))?.kind !== "file") return undefined;
    let job: Partial<JobFile> | null;
    try {
      job = JSON.parse(await store.readText(file)) as Partial<JobFile> | null;
    } catch (error) {
      if (error instanceof UserError) throw error;
      return undefined;
    }
    if (job?.version !== version || typeof job.settings !== "object") return undefined;
    return { settings: job.settings, finished: (await readJournal(store, folder)).images.size };
  }

  /** Begins a job. */
  static async begin(
    store: Store,
    folder: string,
    root: string,
    settings: JobSettings,
  ): Promise<UnfinishedJob> {
    const job: JobFile = { version, settings };
    const data = `${JSON.stringify(job, undefined, 2)}\n`;
    await store.write([{ path: join(folder, "job.json"), data }]);
    try {
      const journal = await store.append(join(folder, "journal.jsonl"), 0);
      return new UnfinishedJob(store, folder, root, journal, new Map());
    } catch (error) {
      await store.remove(folder).catch(() => undefined);
      throw error;
    }
  }

  /** Continues a job whose settings are known to be equal. */
  static async resume(store: Store, folder: string, root: string): Promise<UnfinishedJob> {
    const { images, bytes } = await readJournal(store, folder);
    // A line that was cut short gives way to the next one.
    const journal = await store.append(join(folder, "journal.jsonl"), bytes);
    return new UnfinishedJob(store, folder, root, journal, images);
  }

  /** Removes a stopped job with the files of its finished images. */
  static async remove(store: Store, folder: string, root: string): Promise<void> {
    const { images } = await readJournal(store, folder);
    for (const { files } of images.values()) {
      for (const { path } of files) {
        const file = join(root, path);
        await store.remove(file);
        await store.removeEmptyFolders(dirname(file), root);
      }
    }
    await store.remove(folder);
  }

  /** Number of finished images. */
  get finished(): number {
    return this.images.size;
  }

  has(index: number): boolean {
    return this.images.has(index);
  }

  /** A finished image whose files are on disk as they were written; undefined for all others. */
  async intact(index: number, name: string): Promise<FinishedImage | undefined> {
    const image = this.images.get(index);
    if (image === undefined) return undefined;
    const whole = image.name === name && (await this.areWhole(image.files));
    if (!whole) this.images.delete(index);
    return whole ? image : undefined;
  }

  async add(image: FinishedImage): Promise<void> {
    await this.journal.append(`${JSON.stringify(image)}\n`);
    this.images.set(image.index, image);
    if (++this.unsynced >= linesBetweenSyncs) await this.sync();
  }

  /** Leaves the job to be continued. */
  async leave(): Promise<void> {
    // The reason for leaving may be a disk that fails; the lines written are read back as far as they are whole.
    await this.sync().catch(() => undefined);
    await this.journal.close().catch(() => undefined);
  }

  /** Removes the state of a job that is complete, or has nothing to continue. */
  async end(): Promise<void> {
    await this.journal.close().catch(() => undefined);
    await this.store.remove(this.folder);
  }

  private async sync(): Promise<void> {
    await this.journal.sync();
    this.unsynced = 0;
  }

  private async areWhole(files: readonly FinishedFile[]): Promise<boolean> {
    for (const { path, size, checksum } of files) {
      const file = join(this.root, path);
      const info = await this.store.stat(file);
      if (info?.kind !== "file" || info.size !== size) return false;
      if (checksum === undefined) continue;
      if (crc32c(await this.store.read(file)) !== checksum) return false;
    }
    return true;
  }
}

/** Name under which a file is written until it is complete: a dot, its name, a mark of the process and a count. */
const temporaryName = /^\..+\.[0-9a-z]+-\d+\.tmp$/;

/**
 * Removes the incomplete files that a killed job has left.
 * @param only of a folder that others may write to, the names of the files; subfolders are then not searched
 */
export async function sweepTemporary(
  store: Store,
  folder: string,
  only?: readonly string[],
): Promise<void> {
  const { files, folders } = await store.list(folder, { hidden: true, sorted: false });
  for (const name of files) {
    const isOwn = only === undefined || only.some((file) => name.startsWith(`.${file}.`));
    if (temporaryName.test(name) && isOwn) {
      await store.remove(join(folder, name));
    }
  }
  if (only !== undefined) return;
  for (const name of folders) await sweepTemporary(store, join(folder, name));
}

/** The lines of a journal up to the first that is not whole, and the bytes that they take. */
async function readJournal(
  store: Store,
  folder: string,
): Promise<{ readonly images: Map<number, FinishedImage>; readonly bytes: number }> {
  const path = join(folder, "journal.jsonl");
  const images = new Map<number, FinishedImage>();
  let bytes = 0;
  if ((await store.stat(path))?.kind !== "file") return { images, bytes };
  const encoder = new TextEncoder();
  const lines = (await store.readText(path)).split("\n");
  // What follows the last line break was cut short.
  for (const line of lines.slice(0, -1)) {
    const image = parseLine(line);
    if (image === undefined) break;
    images.set(image.index, image);
    bytes += encoder.encode(line).length + 1;
  }
  return { images, bytes };
}

function parseLine(line: string): FinishedImage | undefined {
  let image: Partial<FinishedImage> | null;
  try {
    image = JSON.parse(line) as Partial<FinishedImage> | null;
  } catch {
    return undefined;
  }
  const { index, name, files } = image ?? {};
  if (!Number.isInteger(index) || typeof name !== "string" || !Array.isArray(files)) {
    return undefined;
  }
  const areFiles = files.every(
    (file: Partial<FinishedFile> | null) =>
      typeof file?.path === "string" && !leavesFolder(file.path) && Number.isInteger(file.size),
  );
  return areFiles ? (image as FinishedImage) : undefined;
}

/** A UserError if a stopped job had other settings than the one that is to continue it. */
export function checkSameSettings(path: string, before: JobSettings, now: JobSettings): void {
  const text = (value: unknown): string => {
    const json = JSON.stringify(value ?? null);
    return json.length > 100 ? `${json.slice(0, 100)}…` : json;
  };
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const differing = names.filter(
    (name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(now[name] ?? null),
  );
  if (differing.length === 0) return;
  const list = differing.map((name) => `${name} was ${text(before[name])}, is ${text(now[name])}`);
  throw new UserError(
    `${path}: holds an unfinished job with other settings: ${list.join("; ")}; give the same settings to continue it`,
    {
      code: "other-settings",
      remedies: [
        { kind: "option", name: "out", instead: true },
        { kind: "option", name: "overwrite", purpose: "begins anew without its masks" },
      ],
    },
  );
}
