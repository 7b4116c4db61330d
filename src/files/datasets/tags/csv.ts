import { CsvError, CsvParser } from "../../text/csv.ts";
import { pushText, type PieceStore } from "../../text/pieces.ts";
import { counted } from "../../text/units.ts";
import type { TagLines } from "./lines.ts";

/**
 * Reads a table with the columns `file`, `tags` and optionally `split`, separated by commas or by semicolons. Columns without
 * a name that follow `tags` hold further tags.
 * @param bytes size of the pieces in which the file is read
 */
export async function readCsv(
  store: PieceStore,
  path: string,
  out: TagLines,
  bytes?: number,
): Promise<void> {
  const table = new Table(out);
  const parser = new CsvParser((fields, line) => table.add(fields, line, parser.separator), ",;");
  const sink = {
    push: (piece: string) => parser.push(piece),
    end: () => parser.end(),
    get isDone() {
      return table.hasWrongHeader;
    },
  };
  try {
    await pushText(store, path, sink, bytes, (...encoding) => out.warnOfEncoding(...encoding));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (table.hasWrongHeader) return;
    return out.refuse(`not readable as CSV: ${error.message}`, error.line);
  }
  if (table.isEmpty) out.error('the file is empty, expected a header "file,tags"', 1);
  table.warn();
}

/** Places of the columns in a record; those of `tags` begin at the column of that name. */
interface Columns {
  readonly file: number;
  readonly tags: readonly number[];
  /** -1 without such a column. */
  readonly split: number;
}

/** A field for a warning. */
interface Example {
  readonly line: number;
  readonly field: string;
}

/** The letter that stands for bytes that are not UTF-8. */
const broken = "\uFFFD";

/** Assigns the fields of records to columns by the header, which is the first record. */
class Table {
  /** Whether the header lacks a column; the records after it are ignored then. */
  hasWrongHeader = false;
  private header: readonly string[] = [];
  private columns: Columns = { file: 0, tags: [0], split: 0 };
  /** Whether some image has several tags. */
  private hasLists = false;
  private withComma: Example | undefined;
  private withBrokenLetter: Example | undefined;

  constructor(private readonly out: TagLines) {}

  get isEmpty(): boolean {
    return this.header.length === 0;
  }

  add(fields: readonly string[], line: number, separator: string): void {
    const { header, columns, out } = this;
    if (this.hasWrongHeader) return;
    // Spreadsheets write empty rows as separators alone.
    if (fields.every((field) => field === "")) return;
    if (header.length === 0) return this.readHeader(fields, line);
    if (fields.length !== header.length) {
      const remedy =
        separator === ";"
          ? 'put quotes around several tags: "cat;dog"'
          : "separate several tags by semicolons";
      return out.error(
        `${counted(fields.length, "field")}, expected ${header.length} (${header.join(separator)}); ${remedy}`,
        line,
      );
    }
    const tags = this.tagsOf(fields);
    if (tags.includes(";")) this.hasLists = true;
    else if (tags.includes(",")) this.withComma ??= { line, field: tags };
    const file = fields[columns.file]!;
    const withBrokenLetter = [file, tags].find((field) => field.includes(broken));
    if (withBrokenLetter) this.withBrokenLetter ??= { line, field: withBrokenLetter };
    out.add({ file, tags, split: fields[columns.split] }, line);
  }

  /** Warns of what was read in a way that is hardly meant. */
  warn(): void {
    const { hasLists, withBrokenLetter: letter, withComma: comma, out } = this;
    if (letter) {
      out.warn(
        `"${letter.field}" has letters that are not UTF-8; save the spreadsheet as "CSV UTF-8"`,
        letter.line,
      );
    }
    if (comma && !hasLists) {
      out.warn(`"${comma.field}" is read as one tag; separate tags by semicolons`, comma.line);
    }
  }

  private tagsOf(fields: readonly string[]): string {
    const { tags } = this.columns;
    if (tags.length === 1) return fields[tags[0]!]!;
    return tags.flatMap((column) => fields[column] || []).join(";");
  }

  private readHeader(fields: readonly string[], line: number): void {
    this.header = fields.map((name) => name.toLowerCase());
    const at = (name: string): number => this.header.indexOf(name);
    const [file, first, split] = [at("file"), at("tags"), at("split")];
    if (file >= 0 && first >= 0) {
      const tags = [first];
      while (this.header[tags.at(-1)! + 1] === "") tags.push(tags.at(-1)! + 1);
      this.columns = { file, tags, split };
      return;
    }
    this.hasWrongHeader = true;
    this.out.error(
      `the header is "${fields.join(",")}", expected "file,tags" or "file,tags,split" in the first line`,
      line,
    );
  }
}
