import { open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { FileData, FileToWrite, WriteOptions } from "../../store.ts";
import { unwritable } from "./file-error.ts";
import { makeWithParents } from "./make-folder.ts";
import { temporaryBeside } from "./temporary-name.ts";

/**
 * Writes a file completely or not at all: under a temporary name in the same folder, then renamed. Creates missing folders.
 * A failure is a UserError and leaves an older file of that name intact.
 */
export async function writeFileAtomic(
  path: string,
  data: FileData,
  options: WriteOptions = {},
): Promise<void> {
  await writeFilesAtomic([{ path, data }], options);
}

/**
 * Writes files that belong together, like `writeFileAtomic`. All are written under temporary names before the first is
 * renamed. Readers begin with the last one: it is absent while the others are renamed, so it never stands beside files of
 * another version.
 */
export async function writeFilesAtomic(
  files: readonly FileToWrite[],
  { durable = true }: WriteOptions = {},
): Promise<void> {
  const staged: { path: string; temporary: string }[] = [];
  let current = "";
  try {
    for (const { path, data } of files) {
      current = path;
      const temporary = temporaryBeside(path);
      staged.push({ path, temporary });
      await makeWithParents(resolve(dirname(path)));
      await writeNew(temporary, data, durable);
    }
    if (files.length > 1) await rm(current, { force: true });
    for (const { path, temporary } of staged) {
      current = path;
      await rename(temporary, path);
      if (durable) await syncFolder(dirname(path));
    }
  } catch (error) {
    for (const { temporary } of staged) {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
    throw unwritable(current, error);
  }
}

async function writeNew(path: string, data: FileData, durable: boolean): Promise<void> {
  const file = await open(path, "wx");
  try {
    const whole = typeof data === "string" || data instanceof Uint8Array;
    for await (const piece of whole ? [data] : data) await file.writeFile(piece);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a folder, without which a rename may be lost. Systems that cannot flush folders do not need it. */
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
