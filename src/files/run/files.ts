import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../../user-error.ts";
import { describeFileError } from "../../host/node/files/atomic-file.ts";
import { makeFolder } from "../../host/node/files/make-folder.ts";
import { safeFileName } from "../text/file-name.ts";
import type { LogEntry } from "./log.ts";

/** Makes the first of name, name2, name3, … that is not there yet. */
export async function nextFree(root: string, name: string): Promise<string> {
  for (let n = 1; ; n++) {
    const path = join(root, n === 1 ? name : `${name}${n}`);
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw inWords(path, error);
    }
  }
}

/** Makes a folder, or takes one that is empty. */
export async function emptyFolder(path: string): Promise<string> {
  await makeFolder(path);
  const files = await readdir(path);
  if (files.length > 0) {
    throw new UserError(
      `${path}: has ${files.length} file(s) already; choose another name, or continue it with --resume ${path}`,
    );
  }
  return path;
}

/** What a killed process left of files it had not finished. */
export async function cleanTemporary(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names) {
    if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
  }
}

/** Name of a validation image's panel in samples/. */
export function sampleFile(step: number, name: string): string {
  return `step-${String(step).padStart(6, "0")}-${safeFileName(name)}.jpg`;
}

/** Removes the panels that no log entry names. */
export async function removeLaterSamples(
  folder: string,
  entries: readonly LogEntry[],
): Promise<void> {
  const known = new Set(
    entries.flatMap((entry) =>
      entry.type === "validation" ? entry.panels.map(({ file }) => basename(file)) : [],
    ),
  );
  for (const name of await readdir(folder)) {
    if (/^step-\d+-.*\.jpg$/.test(name) && !known.has(name)) await rm(join(folder, name));
  }
}

/** Failed file operations in words; errors of ours as they are. */
export function inWords(path: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error) || !("code" in error)) return error;
  return new UserError(`${path}: cannot be written: ${describeFileError(error)}`, { cause: error });
}
