import type { AppendFile, WriteStream } from "../../store.ts";
import { orUnwritable } from "./file-error.ts";
import type { FileWriter } from "./volume.ts";

/** Number of bytes collected before they are written. */
const pieceSize = 1 << 18;

const encoder = new TextEncoder();

export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data;
}

/** A file written piece by piece under a temporary name; it appears complete or not at all. Failures are UserErrors. */
export class GrowingFile implements WriteStream {
  private pieces: Uint8Array[] = [];
  private pendingBytes = 0;
  size = 0;

  /** @param ends what gives the file its name, and what removes it */
  constructor(
    readonly path: string,
    private readonly file: FileWriter,
    private readonly ends: { keep(): Promise<void>; remove(): Promise<void> },
  ) {}

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = bytesOf(data);
    this.pieces.push(bytes);
    this.pendingBytes += bytes.length;
    this.size += bytes.length;
    if (this.pendingBytes >= pieceSize) await orUnwritable(this.path, this.writePieces());
  }

  async finish(): Promise<void> {
    try {
      await orUnwritable(this.path, this.complete());
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    this.pieces = [];
    await this.file.close().catch(() => undefined);
    await this.ends.remove().catch(() => undefined);
  }

  private async complete(): Promise<void> {
    await this.writePieces();
    await this.file.flush();
    await this.file.close();
    await this.ends.keep();
  }

  private async writePieces(): Promise<void> {
    const { pieces } = this;
    this.pieces = [];
    this.pendingBytes = 0;
    for (const piece of pieces) await this.file.write(piece);
  }
}

/** A file that grows in place. Failures are UserErrors. */
export function appendedFile(path: string, file: FileWriter): AppendFile {
  return {
    path,
    get size() {
      return file.size;
    },
    append: (data) => orUnwritable(path, file.write(bytesOf(data))),
    sync: () => orUnwritable(path, file.flush()),
    close: () => orUnwritable(path, file.close()),
  };
}
