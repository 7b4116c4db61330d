import { Entries } from "./entries.ts";
import type { Entry } from "./entry.ts";
import { LineLookup, type LookupOptions } from "./line-lookup.ts";
import { ByName, ListedImages } from "./listed-images.ts";
import { NameTable } from "./name-table.ts";
import { uniquelyNamed } from "./unique-names.ts";

export type { LineLookup } from "./line-lookup.ts";

/**
 * The images of a data set, up to millions of them. How it works:
 *
 * 1. It begins with the names of all files that may be its images. Each name gets a number, from 0 on.
 * 2. Lines of lists and tags files are looked up by name, many at a time, and only the numbers of their names are kept:
 *    `listed` has the images of the lists, `byName` a value for each name, such as its tags.
 * 3. `push` adds an image. Every field is an array of its own, fields that many images share are stored once.
 * 4. `finish` forgets names and lists. A million images then take 24 to 32 MB, where objects would take 120.
 * 5. `at` and loops build the object of one image at a time, and none of them stays in memory.
 */
export class ImageList implements Iterable<Entry> {
  private names: NameTable;
  private lists: ListedImages;
  private entries = new Entries(0);

  /**
   * @param names of files; they may repeat
   * @param onName called for every name with its index, its number, and whether it is the first of that name
   */
  constructor(
    names: readonly string[] = [],
    onName?: (index: number, id: number, isNew: boolean) => void,
  ) {
    this.names = new NameTable(names.length);
    this.names.addAll(names, onName);
    this.lists = new ListedImages(this.names);
  }

  /** The images of lists, and of folders that count as such. */
  get listed(): ListedImages {
    return this.lists;
  }

  /** The number of a name; undefined if no file has it. */
  find(name: string): number | undefined {
    return this.names.find(name);
  }

  nameAt(id: number): string {
    return this.names.at(id);
  }

  /** Looks up the names of lines that are pushed to it; for many lines twice as fast as `find`. */
  lookup<Line>(options: LookupOptions<Line>): LineLookup<Line> {
    return new LineLookup(this.names, options);
  }

  /** An empty table of values by name. */
  byName<T>(): ByName<T> {
    return new ByName(this.names);
  }

  /** The number of images, not of names. */
  get length(): number {
    return this.entries.length;
  }

  /** Adds an image. Equal lists of tags should be one and the same array. */
  push(entry: Entry): void {
    if (this.entries.length === 0) {
      this.entries = new Entries(this.lists.length || this.names.size);
    }
    this.entries.push(entry);
  }

  /** Removes all images, but not the names. */
  clear(): void {
    this.entries = new Entries(0);
  }

  /** Forgets names and lists, which take more memory than the images; to be called after the last image. */
  finish(): this {
    this.names = new NameTable(0);
    this.lists = new ListedImages(this.names);
    return this;
  }

  at(index: number): Entry {
    return this.entries.at(index);
  }

  splitAt(index: number): string | undefined {
    return this.entries.splitAt(index);
  }

  [Symbol.iterator](): Iterator<Entry, void> {
    return this.entries[Symbol.iterator]();
  }

  map<T>(apply: (entry: Entry, index: number) => T): T[] {
    return this.entries.map(apply);
  }

  /**
   * One item for every image, with names that differ in more than letter case, as file names must: where `make` returns
   * a name a second time, the item is renamed to `cat-2` and so on.
   */
  mapNamed<T extends { readonly name: string }>(
    make: (entry: Entry, index: number) => T,
  ): readonly T[] {
    return uniquelyNamed(this.length, (i) => make(this.at(i), i));
  }
}
