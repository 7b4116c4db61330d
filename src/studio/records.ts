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
  records.forEach((record, i) => {
    const at = headBytes + recordBytes * i;
    view.setUint32(at, record.id, true);
    view.setUint32(at + 4, record.version, true);
    view.setFloat32(at + 8, record.confidence, true);
    view.setUint16(at + 12, Math.min(record.width, 0xffff), true);
    view.setUint16(at + 14, Math.min(record.height, 0xffff), true);
    view.setUint8(at + 16, verdictOrder.indexOf(record.verdict));
    view.setUint8(at + 17, record.flags);
    view.setUint8(at + 18, Math.min(record.split, 255));
    view.setUint8(at + 19, Math.min(record.tagCount, 255));
    const first = record.tags.filter((tag) => tag < 255).slice(0, 4);
    first.forEach((tag, k) => view.setUint8(at + 20 + k, tag + 1));
  });
  return bytes;
}

/** Reads what `encodeRecords` wrote; a RangeError if the bytes are cut short. */
export function decodeRecords(bytes: Uint8Array): RecordPage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [total, next, count] = [0, 4, 8].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  const records = Array.from({ length: count }, (_, i): ImageRecord => {
    const at = headBytes + recordBytes * i;
    const tags = [0, 1, 2, 3].map((k) => view.getUint8(at + 20 + k) - 1).filter((tag) => tag >= 0);
    return {
      id: view.getUint32(at, true),
      version: view.getUint32(at + 4, true),
      confidence: view.getFloat32(at + 8, true),
      width: view.getUint16(at + 12, true),
      height: view.getUint16(at + 14, true),
      verdict: verdictOrder[view.getUint8(at + 16)] ?? "none",
      flags: view.getUint8(at + 17),
      split: view.getUint8(at + 18),
      tagCount: view.getUint8(at + 19),
      tags,
    };
  });
  return { total, next: next === 0xffffffff ? null : next, records };
}
