import { open, type FileHandle } from "node:fs/promises";
import { UserError } from "../../../user-error.ts";
import type { OpenFile } from "../../store.ts";
import { describeFileError, unreadable } from "./file-error.ts";

/** An open file; close it after use. */
export class FileSource implements OpenFile {
  private constructor(
    readonly name: string,
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  static async open(path: string): Promise<FileSource> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, "r");
      const stats = await handle.stat();
      if (!stats.isFile())
        throw new UserError(`${path}: is not a regular file; give the path of one`);
      return new FileSource(path, stats.size, handle);
    } catch (error) {
      await handle?.close();
      if (error instanceof UserError) throw error;
      throw unreadable(path, error);
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new UserError(
        `${this.name}: has ${this.size} bytes, but ${length} bytes from byte ${offset} on are needed; ` +
          "the file is cut short or damaged; download or write it again",
      );
    }
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.handle
        .read(bytes, done, length - done, offset + done)
        .catch((error: unknown) => {
          const reason = describeFileError(error);
          throw new UserError(`${this.name}: cannot be read: ${reason}`, { cause: error });
        });
      if (bytesRead === 0) {
        throw new UserError(`${this.name}: was shortened while it was read; try again`);
      }
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
