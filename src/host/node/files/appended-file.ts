import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { AppendFile } from "../../store.ts";
import { orUnwritable, unwritable } from "./file-error.ts";

/** A file that grows in place. Failures are UserErrors. */
export class AppendedFile implements AppendFile {
  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private end: number,
  ) {}

  /** @param length bytes to keep of an existing file; all by default */
  static async open(path: string, length = Infinity): Promise<AppendedFile> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, constants.O_RDWR | constants.O_CREAT);
      const { size } = await file.stat();
      const end = Math.min(length, size);
      if (end < size) await file.truncate(end);
      return new AppendedFile(path, file, end);
    } catch (error) {
      await file?.close();
      throw unwritable(path, error);
    }
  }

  get size(): number {
    return this.end;
  }

  async append(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    await orUnwritable(this.path, this.writeAll(bytes));
    this.end += bytes.length;
  }

  async sync(): Promise<void> {
    await orUnwritable(this.path, this.file.datasync());
  }

  async close(): Promise<void> {
    await orUnwritable(this.path, this.file.close());
  }

  private async writeAll(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const left = bytes.length - done;
      const { bytesWritten } = await this.file.write(bytes, done, left, this.end + done);
      done += bytesWritten;
    }
  }
}
