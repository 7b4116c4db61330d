import { extname } from "node:path";
import { UserError } from "../../../user-error.ts";
import type { Problem, TagTaker } from "../listing/listing.ts";
import { readCsv } from "./csv.ts";
import { readJson, readJsonLines } from "./json.ts";
import { TagLines } from "./lines.ts";
import { readTagsNpy } from "./npy.ts";
import { readChunks, readPieces, readText } from "../../text/pieces.ts";

/** Names a tags file may have, the first that exists is read. */
export const tagsFileNames: readonly string[] = ["tags.csv", "tags.jsonl", "tags.json"];

/**
 * Reads image tags, told apart by the ending:
 * - `.csv` with a header `file,tags[,split]`, several tags separated by semicolons;
 * - `.jsonl`, a line per image: `{"file": "a.jpg", "tags": ["cat"], "split": "train"}`;
 * - `.json`, a list of such objects or one object `{"a.jpg": ["cat"]}`;
 * - `.npy`, a pickled dictionary from names to vectors, whose places are those of `classes`.
 *
 * Returns what is wrong with it.
 */
export async function readTagsFile(
  path: string,
  classes: readonly string[] | undefined,
  taker: TagTaker,
): Promise<readonly Problem[]> {
  if (extname(path).toLowerCase() === ".npy") {
    if (classes) return readTagsNpy(path, classes, taker);
    throw new UserError(
      `${path}: its vectors name no classes; list them in classes.txt, in the order of the vectors`,
    );
  }
  const out = new TagLines(path, taker);
  const read = readers[extname(path).toLowerCase()];
  if (!read) {
    // That a file is not there comes before that its ending says nothing.
    await readText(path);
    throw new UserError(`${path}: tags are read from .csv, .jsonl, .json and .npy files`);
  }
  read(path, out);
  return out.problems;
}

const readers: Readonly<Partial<Record<string, (path: string, out: TagLines) => void>>> = {
  ".csv": (path, out) => readPieces(path, (text) => readCsv(text, out)),
  ".jsonl": (path, out) => readPieces(path, (text) => readJsonLines(text, out)),
  ".json": (path, out) => readChunks(path, (bytes) => readJson(bytes, out)),
};
