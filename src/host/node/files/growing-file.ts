import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { unwritable } from "./file-error.ts";
import { makeFolder } from "./make-folder.ts";
import { temporaryBeside } from "./temporary-name.ts";

/** Number of bytes collected before they are written. */
const pieceSize = 1 << 18;

/** A file written piece by piece under a temporary name; it appears complete or not at all. Failures are UserErrors. */
export class GrowingFile {
  private pieces: Uint8Array[] = [];
  private pendingBytes = 0;
  /** Number of bytes so far, including those not yet written. */
  size = 0;

  private constructor(
    readonly path: string,
    private readonly temporary: string,
    private readonly file: FileHandle,
  ) {}

  static async create(path: string): Promise<GrowingFile> {
    await makeFolder(dirname(path));
    const temporary = temporaryBeside(path);
    try {
      return new GrowingFile(path, temporary, await open(temporary, "wx"));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    this.pieces.push(bytes);
    this.pendingBytes += bytes.length;
    this.size += bytes.length;
    if (this.pendingBytes >= pieceSize) await this.flush();
  }

  /** Flushes the file and gives it its name, replacing an existing one. */
  async finish(): Promise<void> {
    try {
      await this.flush();
      await this.file.sync();
      await this.file.close();
      await rename(this.temporary, this.path);
    } catch (error) {
      await this.discard();
      throw unwritable(this.path, error);
    }
  }

  /** Removes the temporary file, as far as the disk lets it: a reason to discard a file may be a disk that fails. */
  async discard(): Promise<void> {
    this.pieces = [];
    await this.file.close().catch(() => undefined);
    await rm(this.temporary, { force: true }).catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const data = Buffer.concat(this.pieces);
    this.pieces = [];
    this.pendingBytes = 0;
    try {
      if (data.length > 0) await this.file.writeFile(data);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }
}
