import type { FileData, Store, WriteOptions, WriteStream } from "../../host/store.ts";
import { crc32c } from "../run/crc32c.ts";
import { dirname, relative } from "../text/path.ts";
import { fileWith, type FinishedFile } from "./finished-files.ts";

/**
 * The files that one job writes below a folder. A job that fails rolls back: the files and folders that it added are
 * removed, while files that it replaced keep their new content.
 */
export class FileTransaction {
  /** Files that did not exist before. */
  private readonly added = new Set<string>();
  private readonly folders = new Set<string>();
  private written: FinishedFile[] = [];

  private constructor(
    private readonly store: Store,
    private readonly root: string,
    /** The topmost folder that did not exist before. */
    private readonly topFolder: string | undefined,
  ) {}

  /** Makes the folder if it is missing; a UserError where it cannot be made. */
  static async begin(store: Store, root: string): Promise<FileTransaction> {
    return new FileTransaction(store, root, await store.makeFolder(root));
  }

  async write(path: string, data: FileData, options?: WriteOptions): Promise<void> {
    await this.claim(path);
    await this.store.write([{ path, data }], options);
    if (typeof data !== "string" && !(data instanceof Uint8Array)) return;
    this.written.push(fileWith(this.below(path), data));
  }

  /**
   * Begins a file that belongs to the job once it is finished.
   * @param options.checksum whether its checksum is known afterwards, as that of a file written at once
   */
  async writeStream(
    path: string,
    { checksum: wantsChecksum = false }: { readonly checksum?: boolean } = {},
  ): Promise<WriteStream> {
    this.folders.add(dirname(path));
    const stream = await this.store.writeStream(path);
    const encoder = new TextEncoder();
    let checksum = 0;
    return {
      path,
      get size() {
        return stream.size;
      },
      write: (data) => {
        if (!wantsChecksum) return stream.write(data);
        const bytes = typeof data === "string" ? encoder.encode(data) : data;
        checksum = crc32c(bytes, checksum);
        return stream.write(bytes);
      },
      finish: async () => {
        await this.claim(path);
        await stream.finish();
        const known = wantsChecksum && { checksum };
        this.written.push({ path: this.below(path), size: stream.size, ...known });
      },
      discard: () => stream.discard(),
    };
  }

  async copy(from: string, to: string): Promise<void> {
    await this.claim(to);
    await this.store.copy(from, to);
    const size = (await this.store.stat(to))?.size ?? 0;
    this.written.push({ path: this.below(to), size });
  }

  /** The files written or copied since the last call, by their paths below the folder. */
  takeWritten(): readonly FinishedFile[] {
    return this.written.splice(0);
  }

  private below(path: string): string {
    return relative(this.root, path);
  }

  /** Removes everything that the job added. */
  async rollBack(): Promise<void> {
    try {
      await this.removeAdded([...this.added]);
    } finally {
      await this.removeEmpty(this.folders);
      if (this.topFolder !== undefined) {
        await this.store.removeEmptyFolders(this.root, dirname(this.topFolder));
      }
    }
  }

  /** Removes those of some files that the job added, and the folders that they leave empty. */
  async removeAdded(paths: readonly string[]): Promise<void> {
    const removed = paths.filter((path) => this.added.delete(path));
    const results: PromiseSettledResult<void>[] = [];
    for (const path of removed) {
      results.push(...(await Promise.allSettled([removeFile(this.store, path)])));
    }
    await this.removeEmpty(new Set(removed.map((path) => dirname(path))));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  private async removeEmpty(folders: Iterable<string>): Promise<void> {
    for (const folder of folders) await this.store.removeEmptyFolders(folder, this.root);
  }

  /** Remembers a file that is about to be written, if there is none of its name. */
  private async claim(path: string): Promise<void> {
    if (!(await this.store.exists(path))) this.added.add(path);
  }
}

/** Removes a file if it exists; a folder of that name stays. */
export async function removeFile(store: Store, path: string): Promise<void> {
  if ((await store.stat(path))?.kind !== "folder") await store.remove(path);
}
