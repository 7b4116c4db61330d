import type { Verdict } from "./protocol.ts";

/** Bytes of the head of a page of records: four 32-bit numbers. */
const headBytes = 16;
/** Bytes of a record. */
export const recordBytes = 24;
/** Most records of a page. */
export const pageRecords = 10_000;

const verdictOrder: readonly Verdict[] = ["none", "accepted", "rejected", "unsure"];

/** Bits of a record's flags. */
export const recordFlags = {
  untagged: 1,
  correction: 2,
  problem: 4,
  draft: 8,
  /** A tag that no pixel of the draft shows. */
  missingTag: 16,
  /** Drawn at random for the review's queue. */
  drawn: 32,
} as const;

/** What the grid needs of an image before anything else is known of it. */
export interface ImageRecord {
  readonly id: number;
  /** Changes with the file's content. */
  readonly version: number;
  /** 0..1; NaN without a draft. */
  readonly confidence: number;
  /** Upright, in pixels; 0 where not known. */
  readonly width: number;
  readonly height: number;
  readonly verdict: Verdict;
  /** A sum of `recordFlags`. */
  readonly flags: number;
  /** Index in `Project.splits`. */
  readonly split: number;
  /** Number of tags. */
  readonly tagCount: number;
  /** The first of the tags, at most four, those below 255 only. */
  readonly tags: readonly number[];
}

/** A page of `GET /api/images`. */
export interface RecordPage {
  /** Images that match, on all pages. */
  readonly total: number;
  /** Cursor of the next page; null on the last. */
  readonly next: number | null;
  readonly records: readonly ImageRecord[];
}

/**
 * Layout, little-endian: total u32, next u32 (0xffffffff for none), count u32, 0 u32; then for each record id u32, version u32,
 * confidence f32, width u16, height u16, verdict u8, flags u8, split u8, tagCount u8, four tags + 1 as u8 (0 for none).
 * Sides above 65,535 are stored as 65,535.
 */
export function encodeRecords({ total, next, records }: RecordPage): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headBytes + recordBytes * records.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, total, true);
  view.setUint32(4, next ?? 0xffffffff, true);
  view.setUint32(8, records.length, true);
  records.forEach((record, i) => replaceRecord(bytes, i, record));
  return bytes;
}

/** Reads what `encodeRecords` wrote; a RangeError if the bytes are cut short. */
export function decodeRecords(bytes: Uint8Array): RecordPage {
  const { total, next, count } = decodeHead(bytes);
  return {
    total,
    next,
    records: Array.from({ length: count }, (_, i) => decodeRecord(bytes, i)),
  };
}

/** What stands before the records of a page. */
export function decodeHead(bytes: Uint8Array): {
  readonly total: number;
  readonly next: number | null;
  readonly count: number;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [total, next, count] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  return { total, next: next === 0xffffffff ? null : next, count };
}

/** One record of a page, so that a page of which little is shown need not be read as a whole. */
export function decodeRecord(bytes: Uint8Array, index: number): ImageRecord {
  const at = headBytes + recordBytes * index;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, recordBytes);
  return {
    id: view.getUint32(0, true),
    version: view.getUint32(4, true),
    confidence: view.getFloat32(8, true),
    width: view.getUint16(12, true),
    height: view.getUint16(14, true),
    verdict: verdictOrder[view.getUint8(16)] ?? "none",
    flags: view.getUint8(17),
    split: view.getUint8(18),
    tagCount: view.getUint8(19),
    tags: [20, 21, 22, 23].map((k) => view.getUint8(k) - 1).filter((tag) => tag >= 0),
  };
}

/** The id of one record of a page. */
export function decodeId(bytes: Uint8Array, index: number): number {
  const at = bytes.byteOffset + headBytes + recordBytes * index;
  return new DataView(bytes.buffer, at, 4).getUint32(0, true);
}

/** Writes one record of a page over the one that stands there. */
export function replaceRecord(bytes: Uint8Array, index: number, record: ImageRecord): void {
  const at = headBytes + recordBytes * index;
  encodeRecord(new DataView(bytes.buffer, bytes.byteOffset + at, recordBytes), record);
}

function encodeRecord(view: DataView, record: ImageRecord): void {
  view.setUint32(0, record.id, true);
  view.setUint32(4, record.version, true);
  view.setFloat32(8, record.confidence, true);
  view.setUint16(12, Math.min(record.width, 0xffff), true);
  view.setUint16(14, Math.min(record.height, 0xffff), true);
  view.setUint8(16, verdictOrder.indexOf(record.verdict));
  view.setUint8(17, record.flags);
  view.setUint8(18, Math.min(record.split, 255));
  view.setUint8(19, Math.min(record.tagCount, 255));
  const first = record.tags.filter((tag) => tag < 255).slice(0, 4);
  for (let k = 0; k < 4; k++) view.setUint8(20 + k, (first[k] ?? -1) + 1);
}
