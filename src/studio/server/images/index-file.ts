import { crc32 } from "node:zlib";
import type { Store } from "../../../host/store.ts";
import type { BuiltIndex, IndexColumns, IndexHead } from "./columns.ts";
import type { Source } from "./sources.ts";

/** An index as it is stored, with what it was made from. */
export interface StoredIndex extends BuiltIndex {
  readonly sources: readonly Source[];
}

/** Changes with the layout of the file or the meaning of a column. */
const magic = 0x31584954; // "TIX1"

type Numbers = Uint8Array | Uint16Array | Uint32Array;

/** All arrays of the columns, in the order of the file. */
function arraysOf({ files, folded, tagLists, ...columns }: IndexColumns): Numbers[] {
  return [
    ...[files.bytes, files.starts, folded.bytes, folded.starts],
    ...[columns.nameStarts, columns.lots, columns.nameTable, columns.tagList, columns.split],
    ...[columns.order, columns.version, columns.width, columns.height],
    ...[tagLists.values, tagLists.starts],
  ];
}

/**
 * The file of an index. Layout, little-endian: magic u32, checksum of what follows u32, length of the head u32, the head as JSON
 * (which has the lengths of the arrays), then the arrays, each at a multiple of 8.
 */
export async function writeIndex(
  store: Store,
  path: string,
  { head, columns, sources }: StoredIndex,
): Promise<void> {
  const arrays = arraysOf(columns);
  const lengths = arrays.map(({ length }) => length);
  const text = new TextEncoder().encode(JSON.stringify({ head, sources, lengths }));
  const start = new Uint8Array(12 + text.length + pad(12 + text.length));
  start.set(text, 12);
  const view = new DataView(start.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(8, text.length, true);
  const pieces: Uint8Array[] = [];
  for (const array of arrays) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    pieces.push(bytes, new Uint8Array(pad(bytes.length)));
  }
  let sum = crc32(start.subarray(8));
  for (const piece of pieces) sum = crc32(piece, sum);
  view.setUint32(4, sum, true);
  // It can be made again at any time.
  await store.write([{ path, data: [start, ...pieces] }], { durable: false });
}

/** Reads what `writeIndex` wrote; undefined if there is nothing of that kind, or if it is damaged. */
export async function readIndex(store: Store, path: string): Promise<StoredIndex | undefined> {
  if (!(await store.exists(path))) return undefined;
  try {
    return parse(await store.read(path));
  } catch {
    // Whatever is wrong with it, it is made again.
    return undefined;
  }
}

function parse(bytes: Uint8Array): StoredIndex | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0, true) !== magic) return undefined;
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8))) return undefined;
  const size = view.getUint32(8, true);
  const { head, sources, lengths } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(12, 12 + size)),
  ) as { head: IndexHead; sources: Source[]; lengths: number[] };
  let [at, next] = [12 + size + pad(12 + size), 0];
  const take = (width: number): ArrayBuffer => {
    const length = width * lengths[next++]!;
    const taken = Uint8Array.from(bytes.subarray(at, at + length)).buffer;
    at += length + pad(length);
    return taken;
  };
  const u8 = (): Uint8Array => new Uint8Array(take(1));
  const u16 = (): Uint16Array => new Uint16Array(take(2));
  const u32 = (): Uint32Array => new Uint32Array(take(4));
  const columns: IndexColumns = {
    files: { bytes: u8(), starts: u32() },
    folded: { bytes: u8(), starts: u32() },
    nameStarts: u16(),
    lots: u32(),
    nameTable: u32(),
    tagList: u32(),
    split: u16(),
    order: u32(),
    version: u32(),
    width: u32(),
    height: u32(),
    tagLists: { values: u32(), starts: u32() },
  };
  return { head, columns, sources };
}

/** Bytes up to the next multiple of 8. */
function pad(length: number): number {
  return (8 - (length % 8)) % 8;
}

/** The buffers of columns, to hand them over to another thread. */
export function buffersOf(columns: IndexColumns): ArrayBuffer[] {
  return [...new Set(arraysOf(columns).map(({ buffer }) => buffer as ArrayBuffer))];
}
