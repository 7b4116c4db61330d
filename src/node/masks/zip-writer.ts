import { crc32 } from "node:zlib";
import type { GrowingFile } from "./growing-file.ts";

/** The largest sizes and counts of the plain format; what is beyond them is written in its 64-bit form. */
const max32 = 0xffffffff;
const max16 = 0xffff;

/** Of names in UTF-8; every file has the first day of the format's calendar, so that archives compare. */
const flags = 0x0800;
const date = 0x0021;

/**
 * A zip archive, written file by file and stored as is: what goes in, PNGs, is compressed already. In its
 * 64-bit form where it must be, so that neither 65,535 files nor 4 GB are the end. The libraries at hand
 * either keep all they wrote in memory (yazl) or end at those limits (fflate).
 */
export class ZipWriter {
  private readonly directory: Buffer[] = [];

  constructor(private readonly file: GrowingFile) {}

  async add(name: string, data: Uint8Array): Promise<void> {
    const path = Buffer.from(name);
    const offset = this.file.size;
    const crc = crc32(data);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    writeCommon(local, 4, { crc, size: data.length, nameLength: path.length });
    const far = offset >= max32;
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(45, 4);
    writeCommon(central, 6, { crc, size: data.length, nameLength: path.length });
    central.writeUInt32LE(far ? max32 : offset, 42);
    const extra = Buffer.alloc(far ? 12 : 0);
    if (far) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(8, 2);
      extra.writeBigUInt64LE(BigInt(offset), 4);
      central.writeUInt16LE(extra.length, 30);
    }
    this.directory.push(Buffer.concat([central, path, extra]));
    await this.file.write(local);
    await this.file.write(path);
    await this.file.write(data);
  }

  /** Writes the directory that ends an archive. */
  async finish(): Promise<void> {
    const start = this.file.size;
    for (const entry of this.directory) await this.file.write(entry);
    const size = this.file.size - start;
    const count = this.directory.length;
    if (count >= max16 || start >= max32 || size >= max32) {
      await this.file.write(farEnd({ count, size, start, at: this.file.size }));
    }
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(Math.min(count, max16), 8);
    end.writeUInt16LE(Math.min(count, max16), 10);
    end.writeUInt32LE(Math.min(size, max32), 12);
    end.writeUInt32LE(Math.min(start, max32), 16);
    await this.file.write(end);
  }
}

/** Version, flags, method, time, checksum, sizes and length of the name, alike in both headers of a file. */
function writeCommon(
  header: Buffer,
  at: number,
  { crc, size, nameLength }: { crc: number; size: number; nameLength: number },
): void {
  header.writeUInt16LE(45, at);
  header.writeUInt16LE(flags, at + 2);
  header.writeUInt16LE(date, at + 8);
  header.writeUInt32LE(crc, at + 10);
  header.writeUInt32LE(size, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(nameLength, at + 22);
}

/** The 64-bit end of the directory and what leads to it. */
function farEnd(archive: { count: number; size: number; start: number; at: number }): Buffer {
  const end = Buffer.alloc(76);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(45, 12);
  end.writeUInt16LE(45, 14);
  end.writeBigUInt64LE(BigInt(archive.count), 24);
  end.writeBigUInt64LE(BigInt(archive.count), 32);
  end.writeBigUInt64LE(BigInt(archive.size), 40);
  end.writeBigUInt64LE(BigInt(archive.start), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(archive.at), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
