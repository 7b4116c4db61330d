import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { UserError } from "../../../user-error.ts";
import type { AppendFile } from "../../store.ts";
import { describeFileError } from "./file-error.ts";

/** A file that grows in place. Failures are UserErrors. */
export class AppendedFile implements AppendFile {
  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private end: number,
  ) {}

  /** @param length bytes to keep of an existing file; all by default */
  static async open(path: string, length = Infinity): Promise<AppendedFile> {
    return inWords(path, async () => {
      const file = await open(path, constants.O_RDWR | constants.O_CREAT);
      try {
        const { size } = await file.stat();
        const end = Math.min(length, size);
        if (end < size) await file.truncate(end);
        return new AppendedFile(path, file, end);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  get size(): number {
    return this.end;
  }

  async append(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    await inWords(this.path, async () => {
      for (let done = 0; done < bytes.length;) {
        const left = bytes.length - done;
        const { bytesWritten } = await this.file.write(bytes, done, left, this.end + done);
        done += bytesWritten;
      }
    });
    this.end += bytes.length;
  }

  async sync(): Promise<void> {
    await inWords(this.path, () => this.file.datasync());
  }

  async close(): Promise<void> {
    await inWords(this.path, () => this.file.close());
  }
}

async function inWords<R>(path: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw new UserError(`${path}: cannot be written: ${describeFileError(error)}`, {
      cause: error,
    });
  }
}
