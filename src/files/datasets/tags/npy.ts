import { UserError } from "../../../user-error.ts";
import type { Store } from "../../../host/store.ts";
import type { Problem, TagSink } from "../listing/listing.ts";
import { arrayOf, readNpy } from "../../weights/npy.ts";

/** Largest file to read, in bytes; the published ones have 2 MB (VOC) and 40 MB (COCO). */
const sizeLimit = 256 * 1024 * 1024;

/**
 * Reads tags in the form in which they are published: a pickled NumPy dictionary that maps the name of an image, or its
 * number, to a vector with a 1 for each class in the image. Returns the problems of the file.
 */
export async function readTagsNpy(
  store: Store,
  path: string,
  classes: readonly string[],
  sink: TagSink,
): Promise<readonly Problem[]> {
  const dictionary = readNpy(await readBytes(store, path), path).item();
  if (!(dictionary instanceof Map)) {
    throw new UserError(
      `${path}: does not hold a dictionary; expected one from image names to vectors of ${classes.length} zeros and ones`,
    );
  }
  const lists = new Map<string, readonly string[]>();
  // Images with the same classes share one list of them.
  const tagsOf = (vector: ArrayLike<number>): readonly string[] => {
    const key = Array.from(vector).join("");
    let tags = lists.get(key);
    if (!tags) lists.set(key, (tags = classes.filter((_, i) => vector[i] === 1)));
    return tags;
  };
  const problems: Problem[] = [];
  for (const [key, value] of dictionary as Map<unknown, unknown>) {
    const file = typeof key === "string" ? key : keyText(key);
    if (file === undefined) {
      problems.push(
        errorIn(path, `a dictionary key has the type ${typeof key}, expected an image name`),
      );
      continue;
    }
    const length = lengthOf(value);
    if (length !== classes.length) {
      const actual = length === undefined ? "no vector" : `a vector of ${length} numbers`;
      problems.push(
        errorIn(path, `${file} has ${actual}, expected ${classes.length}, one for each class`),
      );
      continue;
    }
    const vector = vectorOf(value);
    const invalid = Array.from(vector).find((number) => number !== 0 && number !== 1);
    if (invalid === undefined) {
      sink.take({ file, tags: tagsOf(vector), split: undefined, line: undefined });
    } else
      problems.push(errorIn(path, `${file} has ${invalid} in its vector, expected zeros and ones`));
  }
  return problems;
}

async function readBytes(store: Store, path: string): Promise<Uint8Array> {
  const size = (await store.stat(path))?.size ?? 0;
  if (size > sizeLimit) {
    throw new UserError(
      `${path}: has ${size} bytes, but at most ${sizeLimit} are read; write the tags as a CSV file instead`,
    );
  }
  return store.read(path);
}

/** The text of a key. Keys may be NumPy strings, or numbers: 2007000032 for 2007_000032 in some files, ids in COCO. */
function keyText(key: unknown): string | undefined {
  if (typeof key === "number" || typeof key === "bigint") return String(key);
  const array = arrayOf(key);
  return array?.shape.length === 0 ? (array.text() ?? String(array.numbers()[0])) : undefined;
}

/** The length of a vector, known without reading its numbers; undefined if the value is not a vector. */
function lengthOf(value: unknown): number | undefined {
  const array = arrayOf(value);
  if (array) return array.shape.reduce((product, side) => product * side, 1);
  return Array.isArray(value) ? value.length : undefined;
}

function vectorOf(value: unknown): ArrayLike<number> {
  const array = arrayOf(value);
  if (array) return array.numbers();
  const items = value as readonly unknown[];
  return items.map((item) => (typeof item === "boolean" || typeof item === "number" ? +item : NaN));
}

function errorIn(file: string, message: string): Problem {
  return { severity: "error", file, message };
}
