import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { readTagsFile } from "../datasets/tags/file.ts";
import { formatProblem, type Problem, type TagLine } from "../datasets/listing/listing.ts";
import { extname, stem } from "../text/path.ts";
import { LineReader, ownCopy, pushText } from "../text/pieces.ts";
import type { InputItem } from "./item.ts";

/** Endings of tables that hold names with tags. */
const tables: ReadonlySet<string> = new Set([".csv", ".tsv", ".jsonl", ".json"]);

/** Whether a list has tags beside the names. */
export function isTable(path: string): boolean {
  return tables.has(extname(path).toLowerCase());
}

/** The names in a list, with the tags where it is a table; a plain list has a name a line, taken as it is. */
export async function readNames(
  store: Store,
  path: string,
): Promise<{ readonly lines: readonly TagLine[]; readonly problems: readonly Problem[] }> {
  const lines: TagLine[] = [];
  let problems: readonly Problem[] = [];
  if (isTable(path)) {
    const take = (line: TagLine): void => void lines.push({ ...line, file: ownCopy(line.file) });
    const clear = (): void => void (lines.length = 0);
    problems = await readTagsFile(store, path, undefined, { take, clear });
  } else {
    let number = 0;
    const reader = new LineReader((text) => {
      number++;
      if (text.trim() === "") return;
      lines.push({ file: ownCopy(text), tags: [], split: undefined, line: number });
    });
    await pushText(store, path, reader);
  }
  if (lines.length === 0) {
    const [problem] = problems;
    throw new UserError(problem ? formatProblem(problem) : `${path}: lists no images`);
  }
  return { lines, problems };
}

/** The image of a name that a command understands. */
export function itemOfName(file: string): InputItem {
  // An address such as s3://bucket/a.jpg names its image as its path does.
  const path = file.replace(/^[a-z][a-z0-9+.-]*:\/+/i, "");
  return { name: stem(path), file };
}
