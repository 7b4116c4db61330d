import { mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { failure } from "./file-error.ts";

/** Makes a folder and those above it. Returns the topmost new one, undefined if all existed. Failures are UserErrors. */
export async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await makeWithParents(resolve(path));
  } catch (error) {
    throw failure(`${path}: the folder cannot be made`, error);
  }
}

/** Removes a folder and those above it, up to but without `top`, as long as they are empty. */
export async function removeEmptyFolders(folder: string, top: string): Promise<void> {
  for (let at = resolve(folder); at !== resolve(top) && at !== dirname(at); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch {
      return;
    }
  }
}

/**
 * Makes a folder and those above it, failing with the system's own error. Node's `recursive` option loops forever on file
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
    } catch (again) {
      // Another process may have made it at the same time.
      if (!(await isFolder(path))) throw again;
    }
    return topmost ?? path;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
