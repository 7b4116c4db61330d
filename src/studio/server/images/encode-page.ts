import { encodeRecords, pageRecords, recordBytes } from "../../records.ts";
import type { ImageTable } from "./image-table.ts";

/**
 * The page of `ids` from `cursor` on, as `encodeRecords` writes it, straight from the columns: a million images are sent in a
 * hundred of these.
 */
export function encodePage(
  table: ImageTable,
  ids: Uint32Array,
  cursor: number,
  flagsOf: (id: number) => number,
): Uint8Array<ArrayBuffer> {
  const page = ids.subarray(cursor, cursor + pageRecords);
  const end = cursor + page.length;
  const head = encodeRecords({
    total: ids.length,
    next: end < ids.length ? end : null,
    records: [],
  });
  const bytes = new Uint8Array(head.length + recordBytes * page.length);
  bytes.set(head);
  new DataView(bytes.buffer).setUint32(8, page.length, true);
  const view = new DataView(bytes.buffer, head.length);
  const { facts, tagLists } = table;
  page.forEach((id, i) => {
    const at = recordBytes * i;
    const tags = tagLists.at(table.tagList[id]!);
    view.setUint32(at, id, true);
    view.setUint32(at + 4, table.version[id]!, true);
    view.setFloat32(at + 8, facts.confidence[id]!, true);
    view.setUint16(at + 12, Math.min(table.width[id]!, 0xffff), true);
    view.setUint16(at + 14, Math.min(table.height[id]!, 0xffff), true);
    // The numbers of verdicts are the same in both places.
    view.setUint8(at + 16, facts.verdict[id]!);
    view.setUint8(at + 17, flagsOf(id));
    view.setUint8(at + 18, Math.min(table.split[id]!, 255));
    view.setUint8(at + 19, Math.min(tags.length, 255));
    let k = 20;
    for (const tag of tags) {
      if (tag < 255 && k < 24) view.setUint8(at + k++, tag + 1);
    }
  });
  return bytes;
}
