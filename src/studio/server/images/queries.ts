import { verdicts, type ImagesQuery } from "../../protocol.ts";
import { pageRecords, recordFlags, type ImageRecord, type RecordPage } from "../../records.ts";
import { isDrawn } from "../../review/queue.ts";
import { checked } from "../body.ts";
import { imagesQuerySchema } from "../../protocol.ts";
import { folded } from "./columns.ts";
import { encodePage } from "./encode-page.ts";
import type { ImageTable } from "./image-table.ts";
import { byConfidence, byQueue } from "./order.ts";

/** Lists whose order is kept. */
const mostKept = 8;

interface FoundList {
  readonly ids: Uint32Array;
  /** Number of changes that it was made at. */
  readonly changes: number;
}

/** Finds and sorts images; what was found is kept for the pages that follow. */
export class ImageQueries {
  private readonly found = new Map<string, FoundList>();
  private changes = 0;

  constructor(private readonly table: ImageTable) {}

  /** Says that something changed that lists depend on. */
  changed(): void {
    this.changes++;
  }

  page(query: ImagesQuery): RecordPage {
    const { cursor, ...wanted } = checked(imagesQuerySchema, query);
    const ids = this.find(wanted, cursor > 0);
    const page = ids.subarray(cursor, cursor + pageRecords);
    const next = cursor + page.length;
    return {
      total: ids.length,
      next: next < ids.length ? next : null,
      records: Array.from(page, (id) => this.record(id)),
    };
  }

  /** The same as `encodeRecords` of the page, without an object for each record. */
  encodedPage(query: ImagesQuery): Uint8Array<ArrayBuffer> {
    const { cursor, ...wanted } = checked(imagesQuerySchema, query);
    return encodePage(this.table, this.find(wanted, cursor > 0), cursor, (id) => this.flags(id));
  }

  record(id: number): ImageRecord {
    const { table } = this;
    const { facts } = table;
    const tags = table.tags(id);
    return {
      id,
      version: table.version[id]!,
      confidence: facts.confidence[id]!,
      width: table.width[id]!,
      height: table.height[id]!,
      verdict: verdicts[facts.verdict[id]!]!,
      flags: this.flags(id),
      split: table.split[id]!,
      tagCount: tags.length,
      tags: tags.filter((tag) => tag < 255).slice(0, 4),
    };
  }

  private flags(id: number): number {
    const { table } = this;
    const { facts } = table;
    return (
      (table.isUntagged(id) ? recordFlags.untagged : 0) |
      (facts.hasCorrection(id) ? recordFlags.correction : 0) |
      (table.hasProblem[id] === 1 ? recordFlags.problem : 0) |
      (facts.hasDraft(id) ? recordFlags.draft : 0) |
      (facts.lacksTag(id) ? recordFlags.missingTag : 0) |
      (isDrawn(table.lots[id]!) ? recordFlags.drawn : 0)
    );
  }

  /** @param isLater whether it is a page behind the first, which goes on in the order of that */
  private find(wanted: Wanted, isLater: boolean): Uint32Array {
    const key = JSON.stringify(wanted);
    const kept = this.found.get(key);
    this.found.delete(key);
    const isFresh = kept !== undefined && (isLater || kept.changes === this.changes);
    const list = isFresh ? kept : { ids: this.compute(wanted), changes: this.changes };
    this.found.set(key, list);
    for (const oldest of this.found.keys()) {
      if (this.found.size <= mostKept) break;
      this.found.delete(oldest);
    }
    return list.ids;
  }

  private compute({ sort, ...filters }: Wanted): Uint32Array {
    const { table } = this;
    const { facts } = table;
    const ids = this.filtered(filters);
    if (sort === "name") return ids;
    if (sort === "confidence") return byConfidence(ids, facts.confidence);
    return byQueue(ids, {
      confidence: facts.confidence,
      lots: table.lots,
      isReviewed: (id) => facts.verdict[id] !== 0,
      hasDraft: (id) => facts.hasDraft(id),
      lacksTag: (id) => facts.lacksTag(id),
    });
  }

  private filtered({ split, tag, untagged, problems, verdict, text }: Filters): Uint32Array {
    const { table } = this;
    const { order, tagList, hasProblem } = table;
    const tests: ((id: number) => boolean)[] = [];
    if (split !== undefined) {
      const wanted = table.head.splits.indexOf(split);
      tests.push((id) => table.split[id] === wanted);
    }
    if (tag !== undefined) {
      const has = table.tagLists.having(tag);
      tests.push((id) => has[tagList[id]!] === 1);
    }
    if (untagged) tests.push((id) => table.isUntagged(id));
    if (problems) tests.push((id) => hasProblem[id] === 1);
    if (verdict !== undefined) {
      const wanted = verdicts.indexOf(verdict);
      tests.push((id) => table.facts.verdict[id] === wanted);
    }
    if (text !== undefined && text !== "") {
      const has = new Uint8Array(table.length);
      for (const id of table.folded.having(folded(text))) has[id] = 1;
      tests.push((id) => has[id] === 1);
    }
    // One test after the other: a loop over few functions is several times as fast as one over their list.
    return tests.reduce((ids, test) => ids.filter(test), order);
  }
}

type Wanted = Omit<ReturnType<typeof imagesQuerySchema.parse>, "cursor">;
type Filters = Omit<Wanted, "sort">;
