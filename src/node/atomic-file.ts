import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../user-error.ts";
import { describeFileError } from "./file-error.ts";
import { makeWithParents } from "./make-folder.ts";

export { describeFileError } from "./file-error.ts";

export interface AtomicWriteOptions {
  /** Wait until the disk has it, so that a power cut cannot lose it. Off for what is easily made again. */
  readonly durable?: boolean;
}

let counter = 0;

/**
 * Writes a file whole or not at all: to a temporary name in the same folder, then renamed. Missing
 * folders are made. Whatever stops it is a UserError and leaves an older file of that name intact.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
  { durable = true }: AtomicWriteOptions = {},
): Promise<void> {
  const folder = dirname(resolve(path));
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${counter++}.tmp`);
  try {
    await makeWithParents(folder);
    const file = await open(temporary, "wx");
    try {
      // In pieces, so that a large file need not be joined in memory first.
      for (const piece of Array.isArray(data) ? data : [data]) await file.writeFile(piece);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    if (durable) await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`${path}: cannot be written: ${describeFileError(error)}`, {
      cause: error,
    });
  }
}

/** A rename is on disk only when its folder is; some systems cannot sync folders and need not. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
