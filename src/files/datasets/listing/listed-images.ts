import { twiceAsLong } from "./entries.ts";
import type { Listed, Named } from "./entry.ts";
import type { NameTable } from "./name-table.ts";

/** Consecutive images of one split from one list. */
type Part = Pick<Listed, "split" | "from"> & { readonly start: number };

/** Listed images, for up to millions of them: 8 bytes for each that has a number, where an object takes 64. */
export class ListedImages implements Iterable<Listed> {
  private ids: Int32Array = new Int32Array(1024);
  private lines: Int32Array = new Int32Array(1024);
  private count = 0;
  /** In the order of `start`; there are only a few. */
  private readonly parts: Part[] = [];
  /** Names that no image has, by their index in the list. */
  private readonly others = new Map<number, string>();
  /** For every image name, the part that lists it, counted from 1; 0 if none does. */
  private readonly partOf: Uint8Array;
  private readonly partOfOthers = new Map<string, number>();

  constructor(private readonly names: NameTable) {
    this.partOf = new Uint8Array(names.size);
  }

  get length(): number {
    return this.count;
  }

  get splits(): ReadonlySet<string> {
    return new Set(this.parts.map(({ split }) => split));
  }

  push({ name, id, split, from, line }: Listed): void {
    const at = this.count++;
    if (at === this.ids.length)
      [this.ids, this.lines] = [twiceAsLong(this.ids), twiceAsLong(this.lines)];
    this.ids[at] = id ?? -1;
    this.lines[at] = line ?? 0;
    if (id === undefined) this.others.set(at, name);
    const part = this.parts.at(-1);
    if (part?.split !== split || part.from !== from) this.parts.push({ split, from, start: at });
    if (id === undefined) this.partOfOthers.set(name, this.parts.length);
    else this.partOf[id] = this.parts.length;
  }

  /** The split whose lists have an image so far. */
  splitOf({ name, id }: Named): string | undefined {
    const part = id === undefined ? this.partOfOthers.get(name) : this.partOf[id];
    return part ? this.parts[part - 1]!.split : undefined;
  }

  at(index: number): Listed {
    let part = this.parts.length - 1;
    while (this.parts[part]!.start > index) part--;
    const id = this.ids[index]!;
    const knownId = id < 0 ? undefined : id;
    const line = this.lines[index]! || undefined;
    return new ListedImage(this, index, knownId, this.parts[part]!, line);
  }

  nameOf(index: number): string {
    const id = this.ids[index]!;
    return id < 0 ? this.others.get(index)! : this.names.at(id);
  }

  *[Symbol.iterator](): Generator<Listed, void> {
    for (let i = 0; i < this.count; i++) yield this.at(i);
  }
}

class ListedImage implements Listed {
  readonly split: string;
  readonly from: string;

  constructor(
    private readonly list: ListedImages,
    private readonly index: number,
    readonly id: number | undefined,
    { split, from }: Part,
    readonly line: number | undefined,
  ) {
    this.split = split;
    this.from = from;
  }

  /** Looked up on demand, since the number is mostly enough. */
  get name(): string {
    return this.list.nameOf(this.index);
  }
}

/** A value for each name, stored by number if an image has the name, which is much faster for millions of them. */
export class ByName<T> {
  private readonly byId: (T | undefined)[];
  private readonly others = new Map<string, T>();

  constructor(private readonly names: NameTable) {
    this.byId = new Array<T | undefined>(names.size);
  }

  get({ name, id }: Named): T | undefined {
    return id === undefined ? this.others.get(name) : this.byId[id];
  }

  /** The value of a name whose number is not known. */
  find(name: string): T | undefined {
    return this.get({ name, id: this.names.find(name) });
  }

  set({ name, id }: Named, value: T): void {
    if (id === undefined) this.others.set(name, value);
    else this.byId[id] = value;
  }

  clear(): void {
    this.byId.fill(undefined);
    this.others.clear();
  }
}
