import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { validateClasses } from "../../method/images/classes.ts";
import { UserError } from "../../user-error.ts";
import { isFile } from "../../host/node/files/folder.ts";
import { unreadable } from "../../host/node/files/file-error.ts";

/** 254 names take a few kilobytes; whatever is this large is something else. */
const sizeLimit = 1_000_000;

const classesJson = z.object({
  classes: z.array(z.object({ index: z.int().min(0), name: z.string() })),
});

/**
 * Foreground class names from a file: `classes.json` as mask folders have it, a JSON list of names, or a
 * text file with a name a line. A first name `background` stands for label 0.
 */
export async function readClassNames(path: string): Promise<string[]> {
  const text = await readSmall(path);
  const names = /^\s*[[{]/.test(text) ? namesOfJson(text, path) : namesOfLines(text);
  const classes = withoutBackground(cleanNames(names));
  validateClasses(classes, path);
  return classes;
}

/** Foreground class names out of what `--classes` says: names with commas between, or such a file. */
export async function givenClassNames(text: string): Promise<string[]> {
  const looksLikeFile = /\.(txt|names|json)$/i.test(text);
  if (looksLikeFile || (await isFile(text))) return readClassNames(text);
  const classes = cleanNames(text.split(",")).filter((name) => name !== "");
  validateClasses(classes, "--classes");
  return classes;
}

/** Names as they are compared: composed letters, no space around. */
export function cleanNames(names: readonly string[]): string[] {
  return names.map((name) => name.normalize("NFC").trim());
}

async function readSmall(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > sizeLimit) {
      throw new UserError(`${path}: has ${size} bytes; class names take at most ${sizeLimit}`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unreadable(path, error);
  }
}

function namesOfLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.filter((line) => line.trim() !== "");
}

function namesOfJson(text: string, path: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: not readable as JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const list = z.array(z.string()).safeParse(value);
  if (list.success) return list.data;
  const described = classesJson.safeParse(value);
  if (!described.success) {
    throw new UserError(
      `${path}: expected a list of class names, or classes with index and name as tag2mask writes them`,
    );
  }
  const sorted = [...described.data.classes].sort((a, b) => a.index - b.index);
  const first = sorted[0]?.index ?? 0;
  sorted.forEach(({ index, name }, i) => {
    if (index === first + i && first <= 1) return;
    throw new UserError(
      `${path}: class "${name}" has index ${index}, expected ${first > 1 ? 0 : first + i}; indices go up by one`,
    );
  });
  return sorted.map(({ name }) => name);
}

function withoutBackground(names: readonly string[]): string[] {
  return names[0]?.toLowerCase() === "background" ? names.slice(1) : [...names];
}
