import type { Store } from "../../../host/store.ts";
import { UserError } from "../../../user-error.ts";
import { extname } from "../../text/path.ts";
import type { Problem, TagSink } from "../listing/listing.ts";
import { readCsv } from "./csv.ts";
import { TagLines } from "./lines.ts";

/** Names a tags file may have; the first that exists is read. */
export const tagsFileNames: readonly string[] = ["tags.csv", "tags.tsv", "tags.jsonl", "tags.json"];

/**
 * Reads image tags in the format that the ending of the file names:
 * - `.csv` or `.tsv` with a header `file,tags[,split]`, several tags separated by semicolons; see `readCsv` for other forms;
 * - `.jsonl`, a line per image: `{"file": "a.jpg", "tags": ["cat"], "split": "train"}`;
 * - `.json`, a list of such objects or one object `{"a.jpg": ["cat"]}`;
 * - `.npy`, a pickled dictionary from names to vectors with an element for each of `classes`.
 *
 * Returns the problems of the file.
 */
export async function readTagsFile(
  store: Store,
  path: string,
  classes: readonly string[] | undefined,
  sink: TagSink,
): Promise<readonly Problem[]> {
  const ending = extname(path).toLowerCase();
  if (ending === ".npy") {
    if (classes) {
      const { readTagsNpy } = await import("./npy.ts");
      return readTagsNpy(store, path, classes, sink);
    }
    throw new UserError(
      `${path}: its vectors do not name the classes; list them in classes.txt, in the order of the vectors`,
    );
  }
  const read = readers[ending];
  if (!read) {
    // If the file is missing, that is the error to report.
    await store.readText(path);
    throw new UserError(
      `${path}: ends in "${ending}", but tags are read from .csv, .jsonl, .json, .tsv and .npy files; convert or rename it`,
    );
  }
  const out = new TagLines(path, sink);
  await read(store, path, out);
  return out.problems;
}

type Reader = (store: Store, path: string, out: TagLines) => Promise<void>;

const readers: Readonly<Partial<Record<string, Reader>>> = {
  ".csv": readCsv,
  ".tsv": readCsv,
  ".jsonl": async (...given) => (await import("./json.ts")).readJsonLines(...given),
  ".json": async (...given) => (await import("./json.ts")).readJson(...given),
};
