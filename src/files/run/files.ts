import type { Lock, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { safeFileName } from "../text/file-name.ts";
import { basename, dirname, join } from "../text/path.ts";
import { occupants } from "../text/units.ts";
import type { LogEntry } from "./log.ts";

/** The file of a folder that `Store.lock` writes. */
export const lockFile = "run.lock";

/** The file with the settings of a run: the first that it has. */
const settingsFile = "config.yaml";

/** Makes the first of the folders name, name2, name3, … that does not exist yet. */
export async function nextFree(store: Store, root: string, name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(root, n === 1 ? name : `${name}${n}`);
    if (await store.claimFolder(path)) return path;
  }
}

/** The folder of a new run, for which it is locked. */
export interface ClaimedRun {
  readonly path: string;
  /** The topmost folder that was made for it; itself if it was there before. */
  readonly topmost: string;
  readonly lock: Lock;
}

/**
 * Makes and locks the folder of a new run: the one of a name, or else the first free one of exp, exp2, … One that exists may have no
 * files, or nothing but the leftovers of a killed start. Where this fails, the folders that were made are removed.
 */
export async function claimRun(
  store: Store,
  root: string,
  name: string | undefined,
): Promise<ClaimedRun> {
  let made = await store.makeFolder(root);
  let path = root;
  let lock: Lock | undefined;
  try {
    if (name === undefined) {
      path = await nextFree(store, root, "exp");
      made ??= path;
    } else {
      path = join(root, name);
      const folder = await store.makeFolder(path);
      made ??= folder;
      await requireVacant(store, path);
    }
    lock = await store.lock(path);
    // Another process may have used the folder and gone in the meantime.
    await requireVacant(store, path);
    return { path, topmost: made ?? path, lock };
  } catch (error) {
    await lock?.release();
    if (made !== undefined) await store.removeEmptyFolders(path, dirname(made));
    throw error;
  }
}

/** Throws a UserError if a folder has more than the leftovers of a start that was killed before the run had its settings. */
async function requireVacant(store: Store, path: string): Promise<void> {
  const { files, folders } = await store.list(path, { hidden: true, sorted: false });
  const count = files.filter((name) => !isLeftover(name)).length + folders.length;
  if (count === 0) return;
  throw new UserError(`${path}: has ${occupants(count)} already`, {
    code: "not-empty",
    remedies: [
      { kind: "option", name: "out", instead: true },
      { kind: "option", name: "resume", value: path },
    ],
  });
}

/** Whether a folder has leftovers of a killed start and nothing else. */
export async function hasOnlyLeftovers(store: Store, path: string): Promise<boolean> {
  const { files, folders } = await store.list(path, { hidden: true, sorted: false });
  return folders.length === 0 && files.length > 0 && files.every(isLeftover);
}

function isLeftover(name: string): boolean {
  return name === lockFile || isTemporary(name);
}

function isTemporary(name: string): boolean {
  return name.startsWith(".") && name.endsWith(".tmp");
}

/** Removes the unfinished files of killed processes. Call it with the lock of the run. */
export async function removeTemporary(store: Store, folder: string): Promise<void> {
  if ((await store.stat(folder)) === undefined) return;
  const { files } = await store.list(folder, { hidden: true });
  for (const name of files) if (isTemporary(name)) await store.remove(join(folder, name));
}

/**
 * Removes the folder of a run with everything in it, and those above it up to and including `topmost` if they are empty. The
 * settings go last of all files, so that what a disk refuses to remove can be resumed, and then the lock: whoever waits for it finds
 * an empty folder. Does nothing but release it where the lock was lost.
 */
export async function removeRun(
  store: Store,
  path: string,
  { topmost, lock }: { readonly topmost: string; readonly lock: Lock },
): Promise<void> {
  const isOwn = await lock.check().then(
    () => true,
    () => false,
  );
  try {
    if (isOwn) {
      const { files, folders } = await store.list(path, { hidden: true });
      const others = [...files, ...folders].filter(
        (name) => name !== settingsFile && name !== lockFile,
      );
      for (const name of [...others, settingsFile]) await store.remove(join(path, name));
    }
  } finally {
    await lock.release();
  }
  if (isOwn) await store.removeEmptyFolders(path, dirname(topmost));
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
