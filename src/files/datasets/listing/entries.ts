import { join } from "node:path";

/** An image as a layout lists it, before anything is checked against the disk. */
export interface Entry {
  /** What the image is called, for people; its stem becomes the name. The end of `place`. */
  readonly file: string;
  /** Path of the image from the folder that was searched, with forward slashes. */
  readonly place: string;
  readonly folder: string;
  readonly tags: readonly string[];
  /** Nothing is known of what is in the image, as in a test split. */
  readonly untagged: boolean;
  readonly split: string | undefined;
  /** Path of the true mask, if there is one; or what the listing's `readMask` makes one from. */
  readonly mask?: string | undefined;
  /** Its size where that is written down, so that no header needs to be read. */
  readonly maskSize?: Size | undefined;
  /** Where this is said, if not by the image's own place: the file, and its line if it has lines. */
  readonly from?: string | undefined;
  readonly line?: number | undefined;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What many entries have in common. */
type Common = Pick<Entry, "folder" | "untagged" | "split" | "from">;

/**
 * A list of entries for data sets of millions: a column for each thing that differs from entry to entry, so that one
 * takes 24 to 32 bytes where an object takes 120. Tags are best shared too.
 */
export class Entries implements Iterable<Entry> {
  private readonly files: string[];
  /** The same list as long as no file lies in a folder below. */
  private places: string[];
  private readonly tags: (readonly string[])[];
  /** Of each its place in `commons`. */
  private kinds: Int32Array;
  private lines: Int32Array;
  private count = 0;
  /** Only of those that have one. */
  private readonly masks = new Map<number, string>();
  private readonly maskSizes = new Map<number, Size>();
  private readonly commons: Common[] = [];
  private latest = 0;
  private readonly known = new Map<string, number>();

  /** @param expected how many entries there will be; with more it grows, which leaves garbage behind */
  constructor(expected = 512) {
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
    let kind = this.known.get(key);
    if (kind === undefined) {
      kind = this.commons.push({ folder, untagged, split, from }) - 1;
      this.known.set(key, kind);
    }
    this.latest = kind;
    return kind;
  }
}

/** The numbers, and place for as many. */
export function twiceAsLong(numbers: Int32Array): Int32Array {
  const longer = new Int32Array(2 * numbers.length);
  longer.set(numbers);
  return longer;
}

/** Path of an entry's image, beginning like its folder. */
export function pathOf({ folder, place }: Entry): string {
  return join(folder, place);
}
