import { readFile, stat } from "node:fs/promises";
import { validateClasses } from "../../data/classes.ts";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../file-error.ts";

const mostBytes = 100_000;

/** Class names from a text file, one a line, or from a list with commas between. */
export async function readClassNames(text: string): Promise<string[]> {
  const isFile = await stat(text).then(
    (stats) => stats.isFile(),
    () => false,
  );
  const looksLikeFile = /\.(txt|names)$/i.test(text);
  const names = isFile || looksLikeFile ? await readLines(text) : text.split(",");
  const classes = names.map((name) => name.trim()).filter((name) => name !== "");
  validateClasses(classes, isFile ? text : "--classes");
  return classes;
}

async function readLines(file: string): Promise<string[]> {
  try {
    const { size } = await stat(file);
    if (size > mostBytes) {
      throw new UserError(`${file}: has ${size} bytes; expected a list of class names, one a line`);
    }
    return (await readFile(file, "utf8")).replace(/^\ufeff/, "").split(/\r?\n/);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file}: cannot be read: ${describeFileError(error)}`, { cause: error });
  }
}
