import { makeZip } from "client-zip";
import type { WriteStream } from "../../../host/store.ts";

/** Most entries that the 16-bit end record can count; more need the 64-bit record before it. */
const max16 = 0xffff;

/** Smallest offset for which client-zip itself writes the 64-bit end record. */
const max32 = 0xffffffff;

/** Time of every entry, the first day of the format's calendar: equal contents make equal archives. */
const epoch = new Date(1980, 0, 1);

interface ZipInput {
  readonly name: string;
  readonly input: Uint8Array;
  readonly lastModified: Date;
}

/**
 * A zip archive that grows on disk entry by entry, stored because its PNGs are compressed already. Memory holds one
 * entry at a time, and 46 bytes and the name of each entry written before.
 */
export class ZipWriter {
  private readonly entries: WritableStreamDefaultWriter<ZipInput>;
  private readonly copying: Promise<void>;
  private count = 0;

  constructor(private readonly file: WriteStream) {
    const { readable, writable } = new TransformStream<ZipInput, ZipInput>();
    this.entries = writable.getWriter();
    this.copying = this.copy(makeZip(readable));
    // If the file fails, an entry that waits for it fails with the same error instead of waiting forever.
    this.copying.catch((error: unknown) => this.entries.abort(error)).catch(() => undefined);
  }

  /** Writes an entry; resolves once the next one may follow. */
  async add(name: string, data: Uint8Array): Promise<void> {
    this.count++;
    await this.entries.write({ name, input: data, lastModified: epoch });
  }

  /** Writes the directory that ends an archive. */
  async finish(): Promise<void> {
    // Fails only if the file failed, whose error is the one to throw.
    this.entries.close().catch(() => undefined);
    await this.copying;
  }

  /** Stops writing, so that the file can be discarded. */
  async discard(): Promise<void> {
    await this.entries.abort(new Error("zip: discarded")).catch(() => undefined);
    await this.copying.catch(() => undefined);
  }

  private async copy(zip: ReadableStream<Uint8Array>): Promise<void> {
    // The last piece is the end record. client-zip 2.5.1 leaves the 64-bit record out for archives of many small
    // entries, of which readers then see 65,535 at most.
    let previous: Uint8Array | undefined;
    // Canceling the stream would wait for the next entry, which waits for this loop.
    for await (const piece of zip.values({ preventCancel: true })) {
      if (previous) await this.file.write(previous);
      previous = piece;
    }
    const end = previous!;
    const record = new DataView(end.buffer, end.byteOffset, end.byteLength);
    const [size, start] = [record.getUint32(12, true), record.getUint32(16, true)];
    if (this.count >= max16 && start < max32) {
      await this.file.write(zip64End({ count: this.count, size, start }));
    }
    await this.file.write(end);
  }
}

/** The 64-bit end record of a directory and the locator that leads to it. */
function zip64End(directory: { count: number; size: number; start: number }): Uint8Array {
  const end = new DataView(new ArrayBuffer(76));
  end.setUint32(0, 0x06064b50, true);
  end.setBigUint64(4, 44n, true);
  end.setUint16(12, 45, true);
  end.setUint16(14, 45, true);
  end.setBigUint64(24, BigInt(directory.count), true);
  end.setBigUint64(32, BigInt(directory.count), true);
  end.setBigUint64(40, BigInt(directory.size), true);
  end.setBigUint64(48, BigInt(directory.start), true);
  end.setUint32(56, 0x07064b50, true);
  end.setBigUint64(64, BigInt(directory.start + directory.size), true);
  end.setUint32(72, 1, true);
  return new Uint8Array(end.buffer);
}
