import type { Store } from "../../../host/store.ts";
import { UserError } from "../../../user-error.ts";
import { CsvError, CsvParser } from "../../../files/text/csv.ts";
import { extname, join } from "../../../files/text/path.ts";
import { pushText } from "../../../files/text/pieces.ts";
import { columnsOf, columnsOfRow } from "../../../files/datasets/tags/header.ts";

const remedy =
  "To change tags here, write them into a table tags.csv in the data folder, with the first line file,tags.";

/**
 * Why the tags of a data set cannot be changed, and what to do; null if they can: they stand in a table with a column of tags.
 * @param tagsFile from the data folder
 */
export async function fixedBecause(
  store: Store,
  root: string,
  format: string,
  tagsFile: string | null,
): Promise<string | null> {
  if (format === "class folders") {
    return `The folder that an image lies in is its tag. Move images to other folders, or: ${remedy}`;
  }
  if (format !== "plain" || tagsFile === null) {
    return `The tags come from the annotations of a ${format.toUpperCase()} data set. Change them there.`;
  }
  if (![".csv", ".tsv"].includes(extname(tagsFile).toLowerCase())) {
    return `The tags stand in ${tagsFile}, which is only read. ${remedy}`;
  }
  const first = await firstRow(store, join(root, tagsFile));
  if (first === undefined) return null;
  const columns = columnsOfRow(first) ?? columnsOf(first);
  return columns?.isOneHot
    ? `Each class is a column of ${tagsFile}, which is only read. ${remedy}`
    : null;
}

/** The first record of a table; undefined if it has none. */
async function firstRow(store: Store, path: string): Promise<readonly string[] | undefined> {
  let first: readonly string[] | undefined;
  const parser = new CsvParser((fields) => {
    if (fields.some((field) => field !== "") && fields[0] !== "sep=") first ??= fields;
  }, ",;\t");
  const sink = {
    push: (piece: string) => parser.push(piece),
    end: () => parser.end(),
    get isDone() {
      return first !== undefined;
    },
  };
  try {
    await pushText(store, path, sink);
  } catch (error) {
    // What the reader of the tags says of it is told already.
    if (!(error instanceof CsvError || error instanceof UserError)) throw error;
  }
  return first;
}
