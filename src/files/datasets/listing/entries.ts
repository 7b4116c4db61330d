import type { Entry, Size } from "./entry.ts";

/** The fields that many entries share. */
type Common = Pick<Entry, "folder" | "untagged" | "split" | "from">;

/**
 * Images with their fields in columns: every field that differs from entry to entry is an array of its own and the other
 * fields are stored once, so that an entry takes 24 to 32 bytes instead of an object's 120. Equal lists of tags should be
 * one and the same array.
 */
export class Entries implements Iterable<Entry> {
  private readonly files: string[];
  /** The same array as `files` while no image lies in a subfolder. */
  private places: string[];
  private readonly tags: (readonly string[])[];
  /** For every entry, the index of its shared fields in `commons`. */
  private kinds: Int32Array;
  private lines: Int32Array;
  private count = 0;
  /** Masks and their sizes by the index of the entry, for entries that have one. */
  private readonly masks = new Map<number, string>();
  private readonly maskSizes = new Map<number, Size>();
  private readonly commons: Common[] = [];
  /** The kind of the entry that was added last. */
  private latest = 0;
  private readonly kindByKey = new Map<string, number>();

  /** @param expected number of entries; more are possible, but growing leaves garbage behind */
  constructor(expected: number) {
    this.files = new Array<string>(expected);
    this.places = this.files;
    this.tags = new Array<readonly string[]>(expected);
    this.kinds = new Int32Array(expected + 1);
    this.lines = new Int32Array(expected + 1);
  }

  get length(): number {
    return this.count;
  }

  push(entry: Entry): void {
    const at = this.count++;
    if (this.places === this.files && entry.place !== entry.file) this.places = [...this.files];
    this.files[at] = entry.file;
    this.places[at] = entry.place;
    this.tags[at] = entry.tags;
    if (at === this.lines.length) {
      [this.kinds, this.lines] = [twiceAsLong(this.kinds), twiceAsLong(this.lines)];
    }
    this.kinds[at] = this.kindOf(entry);
    this.lines[at] = entry.line ?? 0;
    if (entry.mask !== undefined) this.masks.set(at, entry.mask);
    if (entry.maskSize !== undefined) this.maskSizes.set(at, entry.maskSize);
  }

  at(index: number): Entry {
    const { folder, untagged, split, from } = this.commons[this.kinds[index]!]!;
    const file = this.files[index]!;
    const place = this.places[index]!;
    const tags = this.tags[index]!;
    const line = this.lines[index]! || undefined;
    const mask = this.masks.size === 0 ? undefined : this.masks.get(index);
    const maskSize = this.maskSizes.size === 0 ? undefined : this.maskSizes.get(index);
    return { file, place, folder, tags, untagged, split, mask, maskSize, from, line };
  }

  splitAt(index: number): string | undefined {
    return this.commons[this.kinds[index]!]!.split;
  }

  *[Symbol.iterator](): Generator<Entry, void> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  map<T>(apply: (entry: Entry, index: number) => T): T[] {
    return Array.from({ length: this.length }, (_, i) => apply(this.at(i), i));
  }

  private kindOf({ folder, untagged, split, from }: Entry): number {
    const latest = this.commons[this.latest];
    if (
      latest?.folder === folder &&
      latest.untagged === untagged &&
      latest.split === split &&
      latest.from === from
    ) {
      return this.latest;
    }
    const key = JSON.stringify([folder, untagged, split ?? null, from ?? null]);
    let kind = this.kindByKey.get(key);
    if (kind === undefined) {
      kind = this.commons.push({ folder, untagged, split, from }) - 1;
      this.kindByKey.set(key, kind);
    }
    this.latest = kind;
    return kind;
  }
}

/** A copy with room for as many numbers again. */
export function twiceAsLong(numbers: Int32Array): Int32Array {
  const longer = new Int32Array(2 * numbers.length);
  longer.set(numbers);
  return longer;
}
