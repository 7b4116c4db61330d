import type { ImageDetails, ImagesQuery } from "../../protocol.ts";
import {
  decodeHead,
  decodeId,
  decodeRecord,
  pageRecords,
  recordFlags,
  replaceRecord,
  type ImageRecord,
} from "../../records.ts";
import { getRecordBytes } from "../api.ts";
import type { StudioView } from "../parts/studio.tsx";

interface Page {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Still shown, but fetched again when it is next needed. */
  isStale: boolean;
}

/** Pages kept: those of a million images, 240 kB each. */
const mostPages = 100;

/**
 * The images that match a query, of which only what is looked at is fetched. It stays as it was fetched: an image that no longer
 * matches, as it was just tagged, does not jump away.
 */
export class ImageList {
  #pages = new Map<number, Page>();
  readonly #loading = new Map<number, Promise<Page | undefined>>();
  readonly #watchers = new Set<() => void>();
  readonly #closed = new AbortController();
  #total: number | undefined;
  #version = 0;

  /**
   * @param failed told about a page that the server does not give
   * @param reach repeats what could not reach the server
   */
  constructor(
    readonly query: ImagesQuery,
    readonly failed: (error: unknown) => void,
    readonly reach: StudioView["reach"],
  ) {}

  /** Number of images; undefined until the first page is here. */
  get total(): number | undefined {
    return this.#total;
  }

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  /** Counts up with every change of what is here. */
  version = (): number => this.#version;

  close(): void {
    this.#closed.abort();
  }

  /** The record at a position; undefined until its page is here. */
  record(position: number): ImageRecord | undefined {
    const page = this.#pages.get(Math.floor(position / pageRecords));
    const at = position % pageRecords;
    return page !== undefined && at < page.count ? decodeRecord(page.bytes, at) : undefined;
  }

  /** The position of an image in the pages that are here. */
  positionOf(id: number): number | undefined {
    for (const [number, { bytes, count }] of this.#pages) {
      for (let at = 0; at < count; at++) {
        if (decodeId(bytes, at) === id) return number * pageRecords + at;
      }
    }
    return undefined;
  }

  /** Fetches the pages of these positions, where they are not here or not up to date. */
  load(first: number, last: number): void {
    for (const number of pagesOf(first, last)) {
      const page = this.#pages.get(number);
      if (page !== undefined) {
        // The last one used comes last.
        this.#pages.delete(number);
        this.#pages.set(number, page);
      }
      if (page === undefined || page.isStale) void this.#fetch(number);
    }
  }

  /** The ids of these positions. */
  async ids(first: number, last: number): Promise<number[]> {
    const ids: number[] = [];
    for (const number of pagesOf(first, last)) {
      const page = this.#pages.get(number) ?? (await this.#fetch(number));
      if (page === undefined) continue;
      const start = number * pageRecords;
      const end = Math.min(page.count - 1, last - start);
      for (let at = Math.max(0, first - start); at <= end; at++) ids.push(decodeId(page.bytes, at));
    }
    return ids;
  }

  /** Everything is fetched again when it is next needed. */
  refresh(): void {
    for (const page of this.#pages.values()) page.isStale = true;
    this.#changed();
  }

  /** Shows what is now known of images, wherever they stand. */
  update(details: readonly ImageDetails[]): void {
    const byId = new Map(details.map((one) => [one.id, one]));
    for (const { bytes, count } of this.#pages.values()) {
      for (let at = 0; at < count && byId.size > 0; at++) {
        const id = decodeId(bytes, at);
        const one = byId.get(id);
        if (one === undefined) continue;
        replaceRecord(bytes, at, recordOf(one, decodeRecord(bytes, at)));
        byId.delete(id);
      }
    }
    this.#changed();
  }

  async #fetch(number: number): Promise<Page | undefined> {
    const known = this.#loading.get(number);
    if (known !== undefined) return known;
    const loading = this.#read(number);
    this.#loading.set(number, loading);
    const page = await loading;
    this.#loading.delete(number);
    if (page !== undefined) this.#changed();
    return page;
  }

  async #read(number: number): Promise<Page | undefined> {
    const before = this.#pages.get(number);
    if (before !== undefined) before.isStale = false;
    try {
      const query = { ...this.query, cursor: number * pageRecords };
      const bytes = await this.reach(() => getRecordBytes(query, this.#closed.signal));
      const { total, count } = decodeHead(bytes);
      const page = { bytes, count, isStale: before?.isStale === true };
      this.#total = total;
      this.#pages.delete(number);
      this.#pages.set(number, page);
      for (const [oldest] of this.#pages) {
        if (this.#pages.size <= mostPages) break;
        this.#pages.delete(oldest);
      }
      return page;
    } catch (error) {
      if (before !== undefined) before.isStale = true;
      if (!this.#closed.signal.aborted) this.failed(error);
      return undefined;
    }
  }

  #changed(): void {
    this.#version++;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

function pagesOf(first: number, last: number): number[] {
  const [start, end] = [first, last].map((at) => Math.floor(Math.max(0, at) / pageRecords));
  return Array.from({ length: Math.max(0, end! - start! + 1) }, (_, i) => start! + i);
}

/** The record that details come to; what they do not tell stays. */
function recordOf(details: ImageDetails, before: ImageRecord): ImageRecord {
  const { untagged, problem, missingTag, draft, drawn } = recordFlags;
  const set = [
    details.untagged ? untagged : 0,
    details.problems.length > 0 ? problem : 0,
    details.missing.length > 0 ? missingTag : 0,
    details.confidence === null ? 0 : draft,
    details.drawn ? drawn : 0,
  ];
  return {
    ...before,
    version: Number(details.version),
    confidence: details.confidence ?? Number.NaN,
    width: details.width,
    height: details.height,
    verdict: details.verdict,
    flags: (before.flags & recordFlags.correction) | set.reduce((sum, flag) => sum | flag, 0),
    tagCount: details.tags.length,
    tags: details.tags,
  };
}
