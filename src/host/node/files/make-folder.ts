import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { failure } from "./file-error.ts";

/**
 * Creates a folder and its missing parents. Returns the topmost new folder, undefined if all existed. Failures are UserErrors, and
 * leave none of the parents.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await makeWithParents(resolve(path));
  } catch (error) {
    throw failure(`${path}: the folder cannot be created`, error);
  }
}

/** Removes a folder and its parents, up to but not including `top`, as long as they are empty. */
export async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (
    let path = resolve(folder);
    path !== resolve(top) && path !== dirname(path);
    path = dirname(path)
  ) {
    try {
      await rmdir(path);
    } catch {
      return;
    }
  }
}

/**
 * Creates a folder and its missing parents; fails with the system's own error. Node's `recursive` option loops forever on file
 * systems that refuse with "no such file", such as /proc.
 */
export async function makeWithParents(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    if (await isFolder(path)) return undefined;
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    const parent = dirname(path);
    const topmost = (await isFolder(parent)) ? undefined : await makeWithParents(parent);
    try {
      await mkdir(path);
    } catch (secondError) {
      // Another process may have created it at the same time.
      if (!(await isFolder(path))) {
        if (topmost !== undefined) await removeEmptyFolders(parent, dirname(topmost));
        throw secondError;
      }
    }
    return topmost ?? path;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
