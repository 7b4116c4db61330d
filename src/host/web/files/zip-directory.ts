import { UserError } from "../../../user-error.ts";
import type { ByteSource } from "../../byte-source.ts";

/** A file as the directory of an archive tells of it. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the name as it is stored. */
  readonly nameBytes: number;
  /** 0 stored, 8 deflate. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly offset: number;
}

/** Largest number of files in an archive, and bytes of its directory; each entry takes some memory. */
const maxFiles = 1_000_000;
const maxDirectory = 2 ** 28;

const endBytes = 22;
const longestComment = 0xffff;

/** The files of a zip archive, by the directory at its end; a UserError if it is damaged. */
export async function readDirectory(source: ByteSource): Promise<ZipEntry[]> {
  const { count, start, size } = await findDirectory(source);
  if (start + size > source.size || size > maxDirectory || count > maxFiles) {
    throw notZip(
      source,
      `its directory of ${count} files and ${size} bytes at ${start} is not readable`,
    );
  }
  const bytes = await source.read(start, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  for (let i = 0, at = 0; i < count; i++) {
    if (at + 46 > size || view.getUint32(at, true) !== 0x02014b50) {
      throw notZip(source, "its directory is damaged");
    }
    const [nameBytes, extra, comment] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    ) as [number, number, number];
    const end = at + 46 + nameBytes + extra + comment;
    if (end > size) throw notZip(source, "its directory is cut short");
    const flags = view.getUint16(at + 8, true);
    const name = decodeName(bytes.subarray(at + 46, at + 46 + nameBytes));
    checkName(source, name);
    entries.push({
      name,
      nameBytes,
      method: view.getUint16(at + 10, true),
      isEncrypted: (flags & 1) !== 0,
      crc: view.getUint32(at + 16, true),
      ...sizesOf(view, at, at + 46 + nameBytes, extra),
    });
    at = end;
  }
  return entries;
}

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly size: number;
}

/** The place of the directory by the record at the end, in its form of 64 bits where there is one. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const length = Math.min(source.size, endBytes + longestComment);
  const tail = await source.read(source.size - length, length);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let at = length - endBytes;
  while (at >= 0 && view.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw notZip(source, "it has no directory");
  const short = {
    count: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    start: view.getUint32(at + 16, true),
  };
  const locator = at - 20;
  if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) return short;
  const record = number64(view, locator + 8);
  if (record + 56 > source.size) throw notZip(source, "its directory lies beyond its end");
  const bytes = await source.read(record, 56);
  const long = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (long.getUint32(0, true) !== 0x06064b50) throw notZip(source, "its directory is damaged");
  return { count: number64(long, 32), size: number64(long, 40), start: number64(long, 48) };
}

/** Sizes and offset of an entry; those of 64 bits stand in its extra field, in this order. */
function sizesOf(
  view: DataView,
  at: number,
  extraStart: number,
  extraBytes: number,
): Pick<ZipEntry, "size" | "packedSize" | "offset"> {
  const short = [24, 20, 42].map((field) => view.getUint32(at + field, true));
  for (let field = extraStart; field + 4 <= extraStart + extraBytes;) {
    const [id, length] = [view.getUint16(field, true), view.getUint16(field + 2, true)];
    const end = Math.min(field + 4 + length, extraStart + extraBytes);
    if (id === 1) {
      let next = field + 4;
      short.forEach((value, i) => {
        if (value !== 0xffffffff || next + 8 > end) return;
        short[i] = number64(view, next);
        next += 8;
      });
    }
    field += 4 + length;
  }
  const [size, packedSize, offset] = short as [number, number, number];
  return { size, packedSize, offset };
}

function number64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** A name as UTF-8 or, where it is none, in the letters of Western Europe. */
function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** A UserError for names that lead out of a folder or that no file system has. */
function checkName(source: ByteSource, name: string): void {
  // eslint-disable-next-line no-control-regex -- no file system has such names
  if (/[\u0000-\u001f\\]/.test(name)) throw notZip(source, "it has damaged file names");
  if (/^(\/|[a-z]:)/i.test(name) || name.split("/").includes("..")) {
    throw notZip(source, `its file ${JSON.stringify(name.slice(0, 80))} leads out of the archive`);
  }
}

function notZip({ name }: ByteSource, problem: string): UserError {
  return new UserError(`${name}: not a readable zip: ${problem}`);
}
