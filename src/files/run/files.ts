import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { safeFileName } from "../text/file-name.ts";
import { basename, join } from "../text/path.ts";
import type { LogEntry } from "./log.ts";

/** Makes the first of the folders name, name2, name3, … that does not exist yet. */
export async function nextFree(store: Store, root: string, name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(root, n === 1 ? name : `${name}${n}`);
    if (await store.claimFolder(path)) return path;
  }
}

/** Makes a folder, or accepts an empty one; a UserError if it has files. Returns its path. */
export async function emptyFolder(store: Store, path: string): Promise<string> {
  await store.makeFolder(path);
  const { files, folders } = await store.list(path, { hidden: true, sorted: false });
  const count = files.length + folders.length;
  if (count === 0) return path;
  throw new UserError(`${path}: has ${count} file(s) already`, {
    code: "not-empty",
    remedies: [
      { kind: "option", name: "out", instead: true },
      { kind: "option", name: "resume", value: path },
    ],
  });
}

/** Removes the unfinished files of a killed process. */
export async function removeTemporary(store: Store, folder: string): Promise<void> {
  if ((await store.stat(folder)) === undefined) return;
  const { files } = await store.list(folder, { hidden: true });
  for (const name of files) if (name.endsWith(".tmp")) await store.remove(join(folder, name));
}

/** Name of a validation image's panel in samples/. */
export function sampleFile(step: number, name: string): string {
  return `step-${String(step).padStart(6, "0")}-${safeFileName(name)}.jpg`;
}

/** Removes the panels that no log entry names. */
export async function removeLaterSamples(
  store: Store,
  folder: string,
  entries: readonly LogEntry[],
): Promise<void> {
  const logged = new Set(
    entries.flatMap((entry) =>
      entry.type === "validation" ? entry.panels.map(({ file }) => basename(file)) : [],
    ),
  );
  const { files } = await store.list(folder);
  for (const name of files) {
    if (/^step-\d+-.*\.jpg$/.test(name) && !logged.has(name))
      await store.remove(join(folder, name));
  }
}
