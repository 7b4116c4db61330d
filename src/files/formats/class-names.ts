import * as z from "zod/mini";
import type { Store } from "../../host/store.ts";
import { foregroundClasses, isBackground, validateClasses } from "../../method/images/classes.ts";
import { UserError } from "../../user-error.ts";
import { readAnyText } from "../text/encoding.ts";
import { parseJson } from "../text/parse-json.ts";

/** Largest file of class names, in bytes: 254 names take a few kilobytes. */
const sizeLimit = 1_000_000;

const classesJson = z.object({
  classes: z.array(z.object({ index: z.int().check(z.nonnegative()), name: z.string() })),
});

/**
 * Foreground class names from a file: the `classes.json` of a mask folder, a JSON list of names, or a text file with a
 * name on each line. A first name `background`, or another of the background's names, stands for label 0.
 */
export async function readClassNames(store: Store, path: string): Promise<string[]> {
  const { names } = await readListedNames(store, path);
  const classes = foregroundClasses(names, path);
  validateClasses(classes, path);
  return classes;
}

/** All names in a file of class names, with that of the background, and whether their places are labels, as in JSON. */
export async function readListedNames(
  store: Store,
  path: string,
): Promise<{ readonly names: string[]; readonly isJson: boolean }> {
  const text = await readSmall(store, path);
  const isJson = /^\s*[[{]/.test(text);
  return { names: cleanNames(isJson ? namesInJson(text, path) : namesInLines(text)), isJson };
}

/** Foreground class names from a text: names separated by commas, or the path of a file of class names. */
export async function parseClassNames(store: Store, text: string): Promise<string[]> {
  const looksLikeFile = /\.(txt|names|json)$/i.test(text);
  if (looksLikeFile || (await store.stat(text))?.kind === "file") {
    return readClassNames(store, text);
  }
  const names = cleanNames(text.split(",")).filter((name) => name !== "");
  const classes = foregroundClasses(names, "class names");
  validateClasses(classes, "class names");
  return classes;
}

/** Whether a text as for `parseClassNames` begins with a name of the background, so that numbers of classes count it. */
export async function beginsWithBackground(store: Store, text: string): Promise<boolean> {
  const isList = /\.(txt|names|json)$/i.test(text) || (await store.stat(text))?.kind === "file";
  const { names, isJson } = isList
    ? await readListedNames(store, text)
    : { names: cleanNames(text.split(",")), isJson: false };
  return !isJson && isBackground(names[0] ?? "", 0);
}

/** Names in the form in which they are compared: composed letters, no surrounding spaces. */
export function cleanNames(names: readonly string[]): string[] {
  return names.map((name) => name.normalize("NFC").trim());
}

async function readSmall(store: Store, path: string): Promise<string> {
  const size = (await store.stat(path))?.size ?? 0;
  if (size > sizeLimit) {
    throw new UserError(
      `${path}: has ${size} bytes, but a file of class names at most ${sizeLimit}; is it the right file?`,
    );
  }
  return readAnyText(store, path);
}

function namesInLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

function namesInJson(text: string, path: string): string[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new UserError(`${path}: not readable as JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const list = z.array(z.string()).safeParse(value);
  if (list.success) return list.data;
  const parsed = classesJson.safeParse(value);
  if (!parsed.success) {
    throw new UserError(
      `${path}: expected a list of class names, or "classes" with an index and a name each, as tag2mask writes them`,
    );
  }
  const sorted = [...parsed.data.classes].sort((a, b) => a.index - b.index);
  const first = sorted[0]?.index ?? 0;
  sorted.forEach(({ index, name }, i) => {
    if (index === first + i && first <= 1) return;
    throw new UserError(
      `${path}: class "${name}" has index ${index}, expected ${first > 1 ? 0 : first + i}; indices go up by one`,
    );
  });
  return sorted.map(({ name }) => name);
}
