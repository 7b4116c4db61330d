import type { Store } from "../../host/store.ts";
import { dirname, extname, join } from "../text/path.ts";
import { readClassNames, readListedNames } from "./class-names.ts";

/**
 * The classes named by a `classes.json` or `classes.txt` next to masks, or by labelme's `class_names.txt`. For masks in one file, `<its
 * name>.classes.json` comes first; a `classes.json` one folder higher serves several formats that have a folder each.
 */
export async function classesBeside(
  store: Store,
  path: string,
  isFolder: boolean,
): Promise<string[] | undefined> {
  const folder = isFolder ? path : dirname(path);
  const own = `${path.slice(0, path.length - extname(path).length)}.classes.json`;
  const shared = [join(folder, "classes.json"), join(dirname(folder), "classes.json")];
  const lists = ["classes.txt", "class_names.txt"].map((name) => join(folder, name));
  for (const place of [...(isFolder ? [] : [own]), ...shared, ...lists]) {
    if ((await store.stat(place))?.kind === "file") return readClassNames(store, place);
  }
}

/**
 * The names of YOLO's class ids in a file beside the labels, in the order of the ids. The name of the background in a list of
 * names has an id of its own; `classes.json` numbers labels, of which the background is 0, and no ids.
 */
export async function namesOfIds(
  store: Store,
  root: string,
): Promise<{ readonly names: string[]; readonly path: string } | undefined> {
  for (const name of ["classes.json", "../classes.json", "classes.txt", "class_names.txt"]) {
    const path = join(root, name);
    if ((await store.stat(path))?.kind !== "file") continue;
    const { names, isJson } = await readListedNames(store, path);
    return { names: isJson ? await readClassNames(store, path) : names, path };
  }
}
