import { CsvError, CsvParser } from "../../text/csv.ts";
import { pushText, type PieceStore } from "../../text/pieces.ts";
import { counted } from "../../text/units.ts";
import type { TagLines } from "./lines.ts";

/**
 * Reads a table with the columns `file`, `tags` and optionally `split`.
 * @param bytes size of the pieces in which the file is read
 */
export async function readCsv(
  store: PieceStore,
  path: string,
  out: TagLines,
  bytes?: number,
): Promise<void> {
  const table = new Table(out);
  const parser = new CsvParser((fields, line) => table.add(fields, line));
  const sink = {
    push: (piece: string) => parser.push(piece),
    end: () => parser.end(),
    get isDone() {
      return table.hasWrongHeader;
    },
  };
  try {
    await pushText(store, path, sink, bytes);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (table.hasWrongHeader) return;
    return out.refuse(`not readable as CSV: ${error.message}`, error.line);
  }
  if (table.isEmpty) out.error('the file is empty, expected a header "file,tags"', 1);
}

/** Assigns the fields of records to columns by the header, which is the first record. */
class Table {
  /** Whether the header lacks a column; the records after it are ignored then. */
  hasWrongHeader = false;
  private header: readonly string[] = [];
  private columns = { file: 0, tags: 0, split: 0 };

  constructor(private readonly out: TagLines) {}

  get isEmpty(): boolean {
    return this.header.length === 0;
  }

  add(fields: readonly string[], line: number): void {
    const { header, columns, out } = this;
    if (this.hasWrongHeader) return;
    if (header.length === 0) return this.readHeader(fields, line);
    if (fields.length !== header.length) {
      return out.error(
        `${counted(fields.length, "field")}, expected ${header.length} (${header.join(",")}); ` +
          "separate several tags by semicolons",
        line,
      );
    }
    const { file, tags, split } = columns;
    out.add({ file: fields[file], tags: fields[tags], split: fields[split] }, line);
  }

  private readHeader(fields: readonly string[], line: number): void {
    this.header = fields.map((name) => name.toLowerCase());
    const at = (name: string): number => this.header.indexOf(name);
    this.columns = { file: at("file"), tags: at("tags"), split: at("split") };
    if (this.columns.file >= 0 && this.columns.tags >= 0) return;
    this.hasWrongHeader = true;
    this.out.error(
      `the header is "${fields.join(",")}", expected "file,tags" or "file,tags,split" in the first line`,
      line,
    );
  }
}
