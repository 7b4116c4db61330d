import type { Named } from "./entry.ts";
import type { NameTable } from "./name-table.ts";

/** Lines that are looked up together. */
const batchSize = 256;

export interface LookupOptions<Line> {
  readonly nameOf: (line: Line) => string;
  /** Another name to look for where no image has that of the line. */
  readonly otherwise?: (name: string) => string;
  /** Called for every line, in their order, with the image's own name or, where there is no image, that of the line. */
  readonly take: (line: Line, image: Named) => void;
}

/** Looks up the images that lines name. Lines wait for one another: a `NameTable` finds many names at a time faster. */
export class LineLookup<Line> {
  private lines: Line[] = [];

  constructor(
    private readonly names: NameTable,
    private readonly options: LookupOptions<Line>,
  ) {}

  push(line: Line): void {
    this.lines.push(line);
    if (this.lines.length === batchSize) this.end();
  }

  /** Takes the lines that still wait; to be called after the last one. */
  end(): void {
    const { lines, names } = this;
    this.lines = [];
    const { nameOf, otherwise, take } = this.options;
    const wanted = lines.map(nameOf);
    const ids = names.findAll(wanted);
    if (otherwise) this.findOthers(otherwise, wanted, ids);
    lines.forEach((line, i) => {
      const id = ids[i]!;
      // The name that is known already: one taken from the line may keep all of the file's text in memory.
      take(line, id < 0 ? { name: wanted[i]!, id: undefined } : { name: names.at(id), id });
    });
  }

  /** Forgets the lines that still wait. */
  clear(): void {
    this.lines = [];
  }

  /** Looks for other names in place of those without a number. */
  private findOthers(
    otherwise: (name: string) => string,
    names: readonly string[],
    ids: Int32Array,
  ): void {
    const again: number[] = [];
    const others: string[] = [];
    for (let i = 0; i < names.length; i++) {
      if (ids[i]! >= 0) continue;
      const other = otherwise(names[i]!);
      if (other === names[i]) continue;
      again.push(i);
      others.push(other);
    }
    this.names.findAll(others).forEach((id, i) => (ids[again[i]!] = id));
  }
}
