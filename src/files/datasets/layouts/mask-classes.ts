import type { Store } from "../../../host/store.ts";
import { UserError } from "../../../user-error.ts";
import { readClassNames } from "../../formats/class-names.ts";
import { isFile } from "../../text/folders.ts";
import { dirname, join } from "../../text/path.ts";
import type { Listing, Problem } from "../listing/listing.ts";

/**
 * The class names that came with the masks of a folder: in it, or in the `classes.json` that a conversion writes beside it. The
 * `classes.txt` beside it is the data set's own.
 */
export async function classesOfMasks(
  store: Store,
  folder: string,
  problems: Problem[],
): Promise<Listing["maskClasses"]> {
  for (const name of ["classes.json", "classes.txt", "class_names.txt"]) {
    const file = join(folder, name);
    if (await isFile(store, file)) return { names: await readClassNames(store, file), file };
  }
  const file = join(dirname(folder), "classes.json");
  if (!(await isFile(store, file))) return undefined;
  try {
    return { names: await readClassNames(store, file), file };
  } catch (error) {
    // It may belong to something else, so that it must not keep anybody from reading the data set.
    if (!(error instanceof UserError)) throw error;
    const own = error.message.startsWith(`${file}: `);
    const reason = own ? error.message.slice(file.length + 2) : error.message;
    const message = `says nothing about the masks: ${reason}`;
    problems.push({ severity: "warning", file, message });
  }
}
