import { CsvError, CsvParser } from "../../../files/text/csv.ts";
import { columnsOf, columnsOfRow, type Columns } from "../../../files/datasets/tags/header.ts";
import { UserError } from "../../../user-error.ts";

/** A record of a table as it stands in the file, with its line end. */
export interface Row {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** A table of tags, row by row as it stands in its file, so that what is not changed stays as it is. */
export interface TagTable {
  /** All of the file in pieces: records and blank lines. */
  readonly rows: readonly Row[];
  readonly columns: Columns;
  readonly hasHeader: boolean;
  /** Number of fields of the header. */
  readonly width: number;
  readonly separator: string;
  readonly lineEnd: string;
}

const quote = '"';

/**
 * Splits a table into its rows.
 * @param where beginning of error messages
 */
export function readTable(text: string, where: string): TagTable {
  const rows = splitRows(text);
  let header: readonly string[] | undefined;
  const lines: number[] = [];
  const parser = new CsvParser((fields, line) => {
    lines.push(line);
    if (fields.every((field) => field === "") || fields[0] === "sep=") return;
    header ??= fields;
  }, ",;\t");
  try {
    parser.push(text);
    parser.end();
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const message = `${where}:${error.line}: not readable as CSV: ${error.message}`;
    throw new UserError(message, { cause: error });
  }
  // Both must see the same records, or a change could end up in another place than is meant.
  const own = rows.filter(({ text: row }) => row.trim() !== "").map(({ line }) => line);
  const isSame = own.length === lines.length && own.every((line, i) => line === lines[i]);
  const row = header && columnsOfRow(header);
  const columns = row ?? (header && columnsOf(header));
  if (!isSame || !header || !columns || columns.isOneHot) {
    throw new UserError(`${where}: has a form in which tags cannot be changed; change them there`);
  }
  const [ending = "\n"] = /(?:\r\n|\n|\r)$/.exec(rows[0]?.text ?? "") ?? [];
  return {
    ...{ rows, columns, hasHeader: row === undefined, width: header.length },
    ...{ separator: parser.separator, lineEnd: ending },
  };
}

/** Cuts a text behind the line ends that stand outside of quotes; the first one shows how lines end. */
function splitRows(text: string): Row[] {
  const rows: Row[] = [];
  let [start, line, end] = [0, 1, undefined as string | undefined];
  let [isQuoted, at, nextQuote] = [false, 0, text.indexOf(quote)];
  const cut = (next: number): void => {
    const row = text.slice(start, next);
    rows.push({ line, text: row });
    line += countOf(row, end ?? "\n");
    [start, at] = [next, next];
  };
  while (at < text.length) {
    if (end !== undefined && !isQuoted) {
      // Most rows have no quotes, and are found without looking at each letter.
      const next = text.indexOf(end, at);
      if (nextQuote >= 0 && nextQuote < at) nextQuote = text.indexOf(quote, at);
      if (next >= 0 && (nextQuote < 0 || nextQuote > next)) {
        cut(next + 1);
        continue;
      }
      if (nextQuote < 0) break;
      at = nextQuote;
    }
    const letter = text[at]!;
    if (letter === quote) isQuoted = !isQuoted;
    at++;
    if (isQuoted || (letter !== "\n" && letter !== "\r")) continue;
    if (end === undefined && letter === "\r" && text[at] === "\n") continue;
    if (end !== undefined && letter !== end) continue;
    end = letter;
    cut(at);
  }
  if (start < text.length) cut(text.length);
  return rows;
}

function countOf(text: string, letter: string): number {
  let count = 0;
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++;
  return count;
}

/** A field of a row: its value, and where it stands without the blanks around it. */
export interface Field {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** The fields of a row. */
export function fieldsOf(row: string, separator: string): Field[] {
  let values: readonly string[] = [];
  const parser = new CsvParser((fields) => (values = fields), separator);
  parser.push(row);
  parser.end();
  const spans: { start: number; end: number }[] = [];
  let [start, isQuoted] = [0, false];
  for (let at = 0; at <= row.length; at++) {
    if (row[at] === quote) isQuoted = !isQuoted;
    if (at < row.length && (isQuoted || row[at] !== separator)) continue;
    const text = row.slice(start, at);
    const bare = separator === "\t" ? text.replace(/^ +| +$|[\r\n]+$/g, "") : text.trim();
    const offset = text.indexOf(bare);
    spans.push({ start: start + offset, end: start + offset + bare.length });
    start = at + 1;
  }
  return spans.map((span, i) => ({ ...span, value: values[i] ?? "" }));
}
