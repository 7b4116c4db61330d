import { dirname, extname, join } from "node:path";
import { z } from "zod";
import { validateClasses } from "../../../data/classes.ts";
import { UserError } from "../../../user-error.ts";
import { isFile } from "../../datasets/files.ts";
import { readJson, readLimited } from "./text-files.ts";

const schema = z.object({
  classes: z.array(z.object({ index: z.int().min(0).max(254), name: z.string() })).max(255),
});

/** Class names out of what `--classes` says: names with commas between, or a text file of one a line. */
export async function givenClasses(text: string): Promise<readonly string[]> {
  const isList = extname(text) === ".txt" || ((await isFile(text)) && !text.includes(","));
  const names = isList ? (await readLimited(text)).split(/\r?\n/) : text.split(",");
  const classes = cleanNames(names).filter((name) => name !== "");
  validateClasses(classes, isList ? text : "--classes");
  return classes;
}

/** Names as they are compared: composed letters, no space around. */
export function cleanNames(names: readonly string[]): string[] {
  return names.map((name) => name.normalize("NFC").trim());
}

/**
 * The classes that a `classes.json` or `classes.txt` beside masks names. Beside a file also
 * `<its name>.classes.json`; with formats in a folder each, that of the folder above.
 */
export async function classesBeside(
  path: string,
  isFolder: boolean,
): Promise<string[] | undefined> {
  const folder = isFolder ? path : dirname(path);
  const own = `${path.slice(0, path.length - extname(path).length)}.classes.json`;
  const places = [join(folder, "classes.json"), join(dirname(folder), "classes.json")];
  for (const place of isFolder ? places : [own, ...places]) {
    if (await isFile(place)) return readClassesJson(place);
  }
  const list = join(folder, "classes.txt");
  if (!(await isFile(list))) return undefined;
  const names = cleanNames((await readLimited(list)).split(/\r?\n/)).filter((name) => name !== "");
  validateClasses(names, list);
  return names;
}

async function readClassesJson(path: string): Promise<string[]> {
  const parsed = schema.safeParse(await readJson(path));
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw new UserError(`${path}: ${place.join(".") || "it"}: ${message}`);
  }
  const byIndex = new Map(parsed.data.classes.map(({ index, name }) => [index, name]));
  byIndex.delete(0);
  const names = Array.from({ length: byIndex.size }, (_, i) => {
    const name = byIndex.get(i + 1);
    if (name !== undefined) return name;
    throw new UserError(
      `${path}: has ${byIndex.size} classes but none of index ${i + 1}; number them from 1`,
    );
  });
  const classes = cleanNames(names);
  validateClasses(classes, path);
  return classes;
}
