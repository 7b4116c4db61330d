import { CsvError, parse } from "csv-parse/sync";
import type { TagLines } from "./lines.ts";
import { TextWindow, type Text } from "../../text/pieces.ts";

const quote = '"';

/**
 * Reads a table with the columns `file`, `tags` and perhaps `split`. Well-formed records, which may be a million, are
 * taken apart here; the first that is not and all after it are left to csv-parse, which says what is wrong.
 */
export function readCsv(text: Text, out: TagLines): void {
  const table = new Table(out);
  const row = new Row(new TextWindow(text));
  let line = 1;
  let regular = row.begin();
  while (regular && !table.refused && row.more()) {
    regular = row.read();
    if (!regular) break;
    if (!row.empty) table.add(row.fields, line);
    line += row.lines;
  }
  if (!regular) readRest(row.rest(), line - 1, table, out);
  if (table.empty && out.problems.length === 0) {
    out.error('the file is empty, expected a header "file,tags"', 1);
  }
}

/** Gives meaning to the fields of records, the first of which is the header. */
class Table {
  refused = false;
  private header: readonly string[] = [];
  private columns = { file: 0, tags: 0, split: 0 };

  constructor(private readonly out: TagLines) {}

  get empty(): boolean {
    return this.header.length === 0;
  }

  add(fields: readonly string[], line: number): void {
    const { header, columns, out } = this;
    if (header.length === 0) return this.begin(fields, line);
    if (fields.length !== header.length) {
      return out.error(
        `${fields.length} fields, expected ${header.length} (${header.join(",")}); ` +
          "separate several tags by semicolons",
        line,
      );
    }
    const { file, tags, split } = columns;
    out.add({ file: fields[file], tags: fields[tags], split: fields[split] }, line);
  }

  private begin(fields: readonly string[], line: number): void {
    this.header = fields.map((name) => name.toLowerCase());
    const at = (name: string): number => this.header.indexOf(name);
    this.columns = { file: at("file"), tags: at("tags"), split: at("split") };
    if (this.columns.file >= 0 && this.columns.tags >= 0) return;
    this.refused = true;
    this.out.error(
      `the header is "${fields.join(",")}", expected "file,tags" or "file,tags,split" in the first line`,
      line,
    );
  }
}

/** The well-formed records of a text, one after the other: blanks around fields do not count. */
class Row {
  /** How many lines the record has. */
  lines = 1;
  fields: string[] = [];
  /** Where the record begins and ends in the window. */
  private start = 0;
  private end = 0;

  constructor(private readonly window: TextWindow) {}

  get empty(): boolean {
    return this.fields.length === 0;
  }

  /** Whether lines end with a line feed: those with a carriage return alone are csv-parse's from the start. */
  begin(): boolean {
    while (!this.window.text.includes("\n") && this.window.extend(0));
    return !/^[^\r\n]*\r(?!\n)/.test(this.window.text);
  }

  /** Whether there is a next record. */
  more(): boolean {
    while (this.end >= this.window.text.length) {
      if (!this.window.extend(this.end)) return false;
      this.end = 0;
    }
    return true;
  }

  /** The text from the record on. */
  rest(): string {
    return this.window.rest(this.start);
  }

  /** Goes to the next record; false if that is not well-formed. */
  read(): boolean {
    this.start = this.end;
    let feed = this.window.text.indexOf("\n", this.start);
    while (feed < 0 && this.extend()) feed = this.window.text.indexOf("\n");
    const end = feed < 0 ? this.window.text.length : feed;
    const line = this.window.text.slice(this.start, end);
    if (line.includes(quote)) {
      let read = this.readQuoted();
      // What ends with the window may go on behind it.
      while ((!read || this.end >= this.window.text.length) && this.extend()) {
        read = this.readQuoted();
      }
      return read;
    }
    this.end = end + 1;
    this.lines = 1;
    this.fields = line.split(",");
    for (let i = 0; i < this.fields.length; i++) this.fields[i] = trim(this.fields[i]!);
    if (this.fields.length === 1 && this.fields[0] === "") this.fields = [];
    return true;
  }

  /** Puts more into the window, which then begins with the record. */
  private extend(): boolean {
    if (!this.window.extend(this.start)) return false;
    this.start = 0;
    return true;
  }

  /** A record with quotes, which may have commas and line breaks between them. */
  private readQuoted(): boolean {
    const { text } = this.window;
    const fields: string[] = [];
    this.lines = 1;
    let at = this.start;
    while (true) {
      at = skipBlanks(text, at);
      if (text[at] === quote) {
        const from = at + 1;
        let close = text.indexOf(quote, from);
        while (close >= 0 && text[close + 1] === quote) close = text.indexOf(quote, close + 2);
        if (close < 0) return false;
        const value = text.slice(from, close);
        for (let i = value.indexOf("\n"); i >= 0; i = value.indexOf("\n", i + 1)) this.lines++;
        fields.push(value.includes(quote) ? value.replaceAll('""', quote) : value);
        at = skipBlanks(text, close + 1);
      } else {
        const from = at;
        while (at < text.length && text[at] !== "," && text[at] !== "\n") {
          if (text[at] === quote) return false;
          at++;
        }
        fields.push(trim(text.slice(from, at)));
      }
      if (at < text.length && text[at] !== "\n" && text[at] !== ",") return false;
      if (text[at] !== ",") break;
      at++;
    }
    this.fields = fields;
    this.end = at + 1;
    return true;
  }
}

/** The blanks of csv-parse, but for line feeds. */
function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 12;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** @param before lines before this text */
function readRest(text: string, before: number, table: Table, out: TagLines): void {
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    rows = parse(text, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as typeof rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error["lines"]);
    const message = error.message.replace(/ (at|on) line \d+/g, "");
    return out.refuse(`not readable as CSV: ${message}`, line ? before + line : undefined);
  }
  for (const { record, info } of rows) {
    if (table.refused) return;
    // `lines` is where a record ends; quoted line breaks inside it begin earlier.
    table.add(record, before + info.lines - record.join("").split("\n").length + 1);
  }
}
