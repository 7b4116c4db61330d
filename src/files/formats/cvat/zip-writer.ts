import { makeZip } from "client-zip";
import type { GrowingFile } from "../../../host/node/files/growing-file.ts";

/** Entries that the plain end record can count; more need the 64-bit one before it. */
const max16 = 0xffff;

/** Offsets from which client-zip itself writes the 64-bit end record. */
const max32 = 0xffffffff;

/** The first day of the format's calendar, the time of every entry: equal contents make equal archives. */
const epoch = new Date(1980, 0, 1);

interface ZipInput {
  readonly name: string;
  readonly input: Uint8Array;
  readonly lastModified: Date;
}

/**
 * A zip archive that grows on disk entry by entry, uncompressed because its PNGs already are. One entry
 * is in memory at a time, and 46 bytes and the name of each that was written.
 */
export class ZipWriter {
  private readonly entries: WritableStreamDefaultWriter<ZipInput>;
  private readonly written: Promise<void>;
  private count = 0;

  constructor(private readonly file: GrowingFile) {
    const { readable, writable } = new TransformStream<ZipInput, ZipInput>();
    this.entries = writable.getWriter();
    this.written = this.copy(makeZip(readable));
    // An entry that waits for a file that failed must not wait forever: it fails with the same error.
    this.written.catch((error: unknown) => this.entries.abort(error)).catch(() => undefined);
  }

  /** Writes an entry; resolves once the next one may follow. */
  async add(name: string, data: Uint8Array): Promise<void> {
    this.count++;
    await this.entries.write({ name, input: data, lastModified: epoch });
  }

  /** Writes the directory that ends an archive. */
  async finish(): Promise<void> {
    // Fails only where the file failed, and then that error counts.
    this.entries.close().catch(() => undefined);
    await this.written;
  }

  /** Stops writing, so that the file can be discarded. */
  async discard(): Promise<void> {
    await this.entries.abort(new Error("zip: discarded")).catch(() => undefined);
    await this.written.catch(() => undefined);
  }

  private async copy(zip: ReadableStream<Uint8Array>): Promise<void> {
    // The last piece is the end record. client-zip 2.5.1 leaves out the 64-bit one for archives of many
    // small entries, which readers then cut off after 65,535.
    let held: Uint8Array | undefined;
    // Canceling the stream would wait for the next entry, which waits for this.
    for await (const piece of zip.values({ preventCancel: true })) {
      if (held) await this.file.write(held);
      held = piece;
    }
    const end = Buffer.from(held!);
    const [size, start] = [end.readUInt32LE(12), end.readUInt32LE(16)];
    if (this.count >= max16 && start < max32) {
      await this.file.write(zip64End({ count: this.count, size, start }));
    }
    await this.file.write(end);
  }
}

/** The 64-bit end record of a directory and the locator that leads to it. */
function zip64End(directory: { count: number; size: number; start: number }): Buffer {
  const end = Buffer.alloc(76);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(directory.count), 24);
  end.writeBigUInt64LE(BigInt(directory.count), 32);
  end.writeBigUInt64LE(BigInt(directory.size), 40);
  end.writeBigUInt64LE(BigInt(directory.start), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(directory.start + directory.size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
