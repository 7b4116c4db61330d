import { crc32 } from "node:zlib";
import type { AppendFile, Store } from "../../../host/store.ts";

/** A stroke of a journal: the patch that it made, in the numbers of the corrections. */
export interface Stroke {
  /** Revision of the mask that it made. */
  readonly rev: number;
  readonly patch: Uint8Array;
}

export interface MaskSize {
  readonly width: number;
  readonly height: number;
}

/** The whole strokes of a journal, and the bytes that they take with its head. */
export interface JournalContent {
  readonly size: MaskSize;
  readonly strokes: readonly Stroke[];
  readonly bytes: number;
}

const magic = 0x4a4d3254; // "T2MJ"
const version = 1;
const headBytes = 16;
const strokeHeadBytes = 12;

/**
 * Reads a journal. Layout, little-endian: "T2MJ", version u32, width u32, height u32; then for each stroke the length of its patch u32,
 * CRC-32 of what follows u32, revision u32, and the patch. Reading ends before the first stroke that is not whole, as a process that is
 * killed while it writes leaves it. Undefined for a file that is no journal.
 */
export function readStrokes(bytes: Uint8Array): JournalContent | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headBytes || view.getUint32(0, true) !== magic) return undefined;
  if (view.getUint32(4, true) !== version) return undefined;
  const size = { width: view.getUint32(8, true), height: view.getUint32(12, true) };
  const strokes: Stroke[] = [];
  let at = headBytes;
  while (at + strokeHeadBytes <= bytes.length) {
    const end = at + strokeHeadBytes + view.getUint32(at, true);
    if (end > bytes.length) break;
    if (crc32(bytes.subarray(at + 8, end)) !== view.getUint32(at + 4, true)) break;
    const rev = view.getUint32(at + 8, true);
    strokes.push({ rev, patch: bytes.subarray(at + strokeHeadBytes, end) });
    at = end;
  }
  return { size, strokes, bytes: at };
}

/** What tells a stroke from others. */
export interface StrokeMark {
  readonly rev: number;
  readonly bytes: number;
  readonly crc: number;
}

export function markOf({ rev, patch }: Stroke): StrokeMark {
  return { rev, bytes: patch.length, crc: crc32(patch) };
}

/** The strokes of a mask since its PNG was written, in a file that grows. */
export class StrokeJournal {
  private constructor(
    readonly path: string,
    readonly size: MaskSize,
    private readonly file: AppendFile,
    private last: StrokeMark | undefined,
  ) {}

  static async create(store: Store, path: string, size: MaskSize): Promise<StrokeJournal> {
    const head = new Uint8Array(headBytes);
    const view = new DataView(head.buffer);
    [magic, version, size.width, size.height].forEach((value, i) =>
      view.setUint32(4 * i, value, true),
    );
    await store.write([{ path, data: head }]);
    return new StrokeJournal(path, size, await store.append(path), undefined);
  }

  /**
   * Opens the journal that another process left, without a stroke that is not whole; undefined if the file is no journal.
   * @returns also the bytes that were cut off
   */
  static async open(
    store: Store,
    path: string,
  ): Promise<{ readonly journal: StrokeJournal; readonly cut: number } | undefined> {
    const bytes = await store.read(path);
    const content = readStrokes(bytes);
    if (!content) return undefined;
    const file = await store.append(path, content.bytes);
    const newest = content.strokes.at(-1);
    const journal = new StrokeJournal(path, content.size, file, newest && markOf(newest));
    return { journal, cut: bytes.length - content.bytes };
  }

  /** The newest stroke; undefined without one. */
  get newest(): StrokeMark | undefined {
    return this.last;
  }

  get bytes(): number {
    return this.file.size;
  }

  /** Adds a stroke; it is on the disk when this resolves. */
  async append(stroke: Stroke): Promise<void> {
    const { rev, patch } = stroke;
    const bytes = new Uint8Array(strokeHeadBytes + patch.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, patch.length, true);
    view.setUint32(8, rev, true);
    bytes.set(patch, strokeHeadBytes);
    view.setUint32(4, crc32(bytes.subarray(8)), true);
    await this.file.append(bytes);
    await this.file.sync();
    this.last = markOf(stroke);
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
