import { CsvError, CsvParser } from "../../text/csv.ts";
import { pushText, type PieceStore } from "../../text/pieces.ts";
import type { TagLines } from "./lines.ts";
import { Table } from "./table.ts";

/**
 * Reads a table with a column of images (`file`, or another usual name), `tags` (or `labels`, `class`, ...) or a column of 0 and
 * 1 for each class, and optionally `split`, separated by commas, semicolons or tabs. Columns without a name that follow
 * `tags` hold further tags. Without a header, the column with the names of images tells which it is.
 * @param bytes size of the pieces in which the file is read
 */
export async function readCsv(
  store: PieceStore,
  path: string,
  out: TagLines,
  bytes?: number,
): Promise<void> {
  const table = new Table(out);
  const parser = new CsvParser((fields, line) => table.add(fields, line, parser.separator), ",;\t");
  const sink = {
    push: (piece: string) => parser.push(piece),
    end: () => parser.end(),
    get isDone() {
      return table.isRefused;
    },
  };
  try {
    await pushText(store, path, sink, bytes, (...encoding) => out.warnOfEncoding(...encoding));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (table.isRefused) return;
    return out.refuse(`not readable as CSV: ${error.message}`, error.line);
  }
  if (table.isRefused) return;
  if (table.isEmpty) out.error('the file is empty, expected a header "file,tags"', 1);
  table.warn();
}
