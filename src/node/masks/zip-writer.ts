import { ZipFile } from "yazl";
import type { GrowingFile } from "./growing-file.ts";

/** Stored as is: what goes in, PNGs, is compressed already. With the first day of the format's calendar, so that archives compare. */
const options = { compress: false, forceDosTimestamp: true, mtime: new Date(1980, 0, 1) } as const;

/** A zip archive, written file by file: one that was added is written before the next is asked for. */
export class ZipWriter {
  private readonly zip = new ZipFile();
  private readonly written: Promise<void>;
  private given = 0;
  private copied = 0;
  private wake = (): void => undefined;

  constructor(file: GrowingFile) {
    this.written = this.copyTo(file);
    // Told by the next `add`, or by `finish`.
    this.written.catch(() => undefined);
  }

  async add(name: string, data: Uint8Array): Promise<void> {
    this.given += data.length;
    this.zip.addBuffer(Buffer.from(data.buffer, data.byteOffset, data.length), name, options);
    while (this.copied < this.given) {
      const more = new Promise<void>((resolve) => (this.wake = resolve));
      await Promise.race([more, this.written]);
    }
  }

  /** Writes the directory that ends an archive. */
  async finish(): Promise<void> {
    this.zip.end();
    await this.written;
  }

  private async copyTo(file: GrowingFile): Promise<void> {
    for await (const chunk of this.zip.outputStream) {
      await file.write(chunk as Buffer);
      this.copied += (chunk as Buffer).length;
      this.wake();
    }
  }
}
