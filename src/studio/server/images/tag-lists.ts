/** Lists of tags in two arrays, as another thread or a file holds them. */
export interface PackedLists {
  readonly values: Uint32Array;
  /** Where each list begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** Number of the list that stands for tags that are not known. */
export const unknownTags = 0;

/** Lists of tags by number, equal ones once; the first stands for tags that are not known. */
export class TagLists {
  private readonly packed: PackedLists;
  private readonly added: (readonly number[])[] = [];
  private numbers: Map<string, number> | undefined;

  constructor(packed?: PackedLists) {
    this.packed = packed ?? { values: new Uint32Array(0), starts: new Uint32Array(2) };
  }

  get length(): number {
    return this.packedLength + this.added.length;
  }

  at(number: number): readonly number[] {
    const { values, starts } = this.packed;
    return number < this.packedLength
      ? Array.from(values.subarray(starts[number], starts[number + 1]))
      : this.added[number - this.packedLength]!;
  }

  /** The number of a list, which is added unless it is known. */
  numberOf(tags: readonly number[]): number {
    const numbers = (this.numbers ??= this.byText());
    const key = tags.join();
    let number = numbers.get(key);
    if (number === undefined) {
      number = this.length;
      this.added.push(tags);
      numbers.set(key, number);
    }
    return number;
  }

  /** Whether each list has a tag, 1 or 0. */
  having(tag: number): Uint8Array {
    const has = new Uint8Array(this.length);
    this.forEachTag((number, found) => {
      if (found === tag) has[number] = 1;
    });
    return has;
  }

  forEachTag(take: (number: number, tag: number) => void): void {
    const { values, starts } = this.packed;
    for (let number = 0; number < this.packedLength; number++) {
      for (let at = starts[number]!; at < starts[number + 1]!; at++) take(number, values[at]!);
    }
    this.added.forEach((list, i) => list.forEach((tag) => take(this.packedLength + i, tag)));
  }

  pack(): PackedLists {
    const starts = new Uint32Array(this.length + 1);
    const values: number[] = [];
    for (let number = 0; number < this.length; number++) {
      for (const tag of this.at(number)) values.push(tag);
      starts[number + 1] = values.length;
    }
    return { values: Uint32Array.from(values), starts };
  }

  private get packedLength(): number {
    return this.packed.starts.length - 1;
  }

  private byText(): Map<string, number> {
    const numbers = new Map<string, number>();
    for (let number = unknownTags + 1; number < this.length; number++) {
      numbers.set(this.at(number).join(), number);
    }
    return numbers;
  }
}

/** The same lists with other numbers for the tags. */
export function renumbered(
  { values, starts }: PackedLists,
  numbers: readonly number[],
): PackedLists {
  const isSame = numbers.every((number, i) => number === i);
  if (isSame) return { values, starts };
  const changed = values.map((tag) => numbers[tag]!);
  for (let i = 0; i + 1 < starts.length; i++) changed.subarray(starts[i], starts[i + 1]).sort();
  return { values: changed, starts };
}
