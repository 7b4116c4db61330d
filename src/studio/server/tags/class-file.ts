import type { Store } from "../../../host/store.ts";
import { validateClasses } from "../../../method/images/classes.ts";
import { UserError } from "../../../user-error.ts";
import { basename } from "../../../files/text/path.ts";
import { readText, storedText } from "./text-form.ts";

/** Refuses a name that a table of tags, or the list of classes, cannot hold. */
export function checkNewClass(name: string, classes: readonly string[]): void {
  const where = `class "${name}"`;
  // eslint-disable-next-line no-control-regex -- these are what must not be in a name
  if (/[;|,"\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name)) {
    throw new UserError(
      `${where}: a name has no semicolon, comma, bar, quote, line break or control character; leave it out`,
    );
  }
  const twin = classes.find((other) => other.toLowerCase() === name.toLowerCase());
  if (twin !== undefined) throw new UserError(`${where}: there is a class "${twin}" already`);
  validateClasses([...classes, name], where);
}

/**
 * Adds a class to the file that lists them.
 * @param path a text with a name a line; other files are only read
 */
export async function appendClass(store: Store, path: string, name: string): Promise<void> {
  if (basename(path) !== "classes.txt") {
    throw new UserError(`${path}: lists the classes and is only read; add "${name}" to its names`);
  }
  const read = readText(await store.read(path));
  if (!read) {
    throw new UserError(`${path}: has letters in an unknown encoding; save it as UTF-8`);
  }
  const { text, form } = read;
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const before = text === "" || text.endsWith("\n") ? text : text + lineEnd;
  await store.write([{ path, data: storedText(before + name + lineEnd, form) }]);
}
