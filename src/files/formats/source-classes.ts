import { dirname, extname, join } from "node:path";
import { readClassNames } from "./class-names.ts";
import { isFile } from "../../host/node/files/folder.ts";

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
    if (await isFile(place)) return readClassNames(place);
  }
  const list = join(folder, "classes.txt");
  return (await isFile(list)) ? readClassNames(list) : undefined;
}
