import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { sep } from "node:path";
import { notFound } from "../failure.ts";

/** An image file that was opened safely. */
export interface OpenedImage {
  readonly file: FileHandle;
  /** Its real path. */
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

/**
 * The real path of a file below a folder; a RequestError if there is none, or if a link leads out of the folder.
 * @param root real path of the folder
 */
export async function realPathBelow(root: string, path: string): Promise<string> {
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    throw notFound("The image file is not there anymore.");
  }
  const top = root.endsWith(sep) ? root : root + sep;
  if (real.startsWith(top)) return real;
  throw notFound("The image is a link that leads out of the data folder, so it is not shown.");
}

/** Opens an image file below a folder; close it after use. */
export async function openBelow(root: string, path: string): Promise<OpenedImage> {
  const real = await realPathBelow(root, path);
  // Without blocking, so that a pipe of that name holds nothing up; a link put in its place meanwhile is not followed.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
  const file = await open(real, flags).catch(() => {
    throw notFound("The image file cannot be read.");
  });
  const stats = await file.stat();
  if (stats.isFile()) return { file, path: real, size: stats.size, modified: stats.mtimeMs };
  await file.close();
  throw notFound("The image is no file.");
}

/** A number that changes when a file does; never 0. */
export function versionOf(size: number, modified: number): number {
  let hash = 0x811c9dc5;
  for (const part of [
    size >>> 0,
    Math.floor(size / 2 ** 32),
    modified % 2 ** 32,
    modified / 2 ** 32,
  ]) {
    hash = Math.imul(hash ^ Math.floor(part), 0x01000193);
    hash ^= hash >>> 15;
  }
  // Times have fractions of milliseconds on most disks.
  hash = Math.imul(hash ^ Math.round((modified % 1) * 1e6), 0x01000193);
  return hash >>> 0 || 1;
}
