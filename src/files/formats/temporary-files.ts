import type { Store } from "../../host/store.ts";
import { join } from "../text/path.ts";

/** Name under which a file is written until it is complete: a dot, its name, a mark of the process and a count. */
const temporaryName = /^\..+\.[0-9a-z]+-\d+\.tmp$/;

/**
 * Removes the incomplete files that a killed job has left.
 * @param only of a folder that others may write to, the names of the files; subfolders are then not searched
 * @param except a subfolder that is not searched
 */
export async function sweepTemporary(
  store: Store,
  folder: string,
  only?: readonly string[],
  except?: string,
): Promise<void> {
  const { files, folders } = await store.list(folder, { hidden: true, sorted: false });
  for (const name of files) {
    const isOwn = only === undefined || only.some((file) => name.startsWith(`.${file}.`));
    if (temporaryName.test(name) && isOwn) {
      await store.remove(join(folder, name));
    }
  }
  if (only !== undefined) return;
  for (const name of folders) {
    if (name !== except) await sweepTemporary(store, join(folder, name));
  }
}
