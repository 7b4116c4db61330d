import type { Named } from "./entry.ts";
import type { NameTable } from "./name-table.ts";

/** The number of lines that are looked up together. */
const batchSize = 256;

export interface LookupOptions<Line> {
  readonly nameOf: (line: Line) => string;
  /** Another name to look up if no image has that of the line. */
  readonly otherwise?: (name: string) => string;
  /** Called for every line in order, with the name of its image or, if there is none, the name in the line. */
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

  /** Looks up the lines that still wait; to be called after the last one. */
  end(): void {
    const { lines, names } = this;
    this.lines = [];
    const { nameOf, otherwise, take } = this.options;
    const wantedNames = lines.map(nameOf);
    const ids = names.findAll(wantedNames);
    if (otherwise) this.findOthers(otherwise, wantedNames, ids);
    lines.forEach((line, i) => {
      const id = ids[i]!;
      // A name cut out of the line could keep all of the file's text in memory, so that of the table is passed on.
      take(line, id < 0 ? { name: wantedNames[i]!, id: undefined } : { name: names.at(id), id });
    });
  }

  /** Forgets the lines that still wait. */
  clear(): void {
    this.lines = [];
  }

  /** Looks up other names in place of those without a number. */
  private findOthers(
    otherwise: (name: string) => string,
    names: readonly string[],
    ids: Int32Array,
  ): void {
    const indices: number[] = [];
    const others: string[] = [];
    for (let i = 0; i < names.length; i++) {
      if (ids[i]! >= 0) continue;
      const other = otherwise(names[i]!);
      if (other === names[i]) continue;
      indices.push(i);
      others.push(other);
    }
    this.names.findAll(others).forEach((id, i) => (ids[indices[i]!] = id));
  }
}
