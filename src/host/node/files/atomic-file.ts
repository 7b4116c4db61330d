import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../../user-error.ts";
import { describeFileError } from "./file-error.ts";
import { makeWithParents } from "./make-folder.ts";

export { describeFileError } from "./file-error.ts";

export interface AtomicWriteOptions {
  /** Wait until the disk holds the file, so that a power cut cannot lose it; on by default. */
  readonly durable?: boolean;
}

/** A file to write. */
export interface FileToWrite {
  readonly path: string;
  /** Content; in pieces if it is large, so that it need not be joined in memory. */
  readonly data: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;
}

let counter = 0;

/**
 * Writes a file completely or not at all: under a temporary name in the same folder, then renamed. Makes missing folders. A
 * failure is a UserError and leaves an older file of that name intact.
 */
export async function writeFileAtomic(
  path: string,
  data: FileToWrite["data"],
  options: AtomicWriteOptions = {},
): Promise<void> {
  await writeFilesAtomic([{ path, data }], options);
}

/**
 * Writes files that belong together, like `writeFileAtomic`. All are written under temporary names before the first is
 * renamed. The last one is where readers begin: it is absent while the others are renamed, so it never stands beside files
 * of another version.
 */
export async function writeFilesAtomic(
  files: readonly FileToWrite[],
  { durable = true }: AtomicWriteOptions = {},
): Promise<void> {
  const staged: { path: string; temporary: string }[] = [];
  let at = "";
  try {
    for (const { path, data } of files) {
      at = path;
      const folder = dirname(resolve(path));
      const temporary = join(folder, `.${basename(path)}.${process.pid}-${counter++}.tmp`);
      staged.push({ path, temporary });
      await makeWithParents(folder);
      await writeNew(temporary, data, durable);
    }
    if (files.length > 1) await rm(at, { force: true });
    for (const { path, temporary } of staged) {
      at = path;
      await rename(temporary, path);
      if (durable) await syncFolder(dirname(resolve(path)));
    }
  } catch (error) {
    for (const { temporary } of staged) {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
    throw new UserError(`${at}: cannot be written: ${describeFileError(error)}`, { cause: error });
  }
}

async function writeNew(path: string, data: FileToWrite["data"], durable: boolean): Promise<void> {
  const file = await open(path, "wx");
  try {
    const whole = typeof data === "string" || data instanceof Uint8Array;
    for await (const piece of whole ? [data] : data) await file.writeFile(piece);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/** Flushes a folder, without which a rename may be lost. Systems that cannot flush folders need not. */
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
