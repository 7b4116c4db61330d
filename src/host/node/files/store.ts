import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { AppendFile, FileInfo, Store } from "../../store.ts";
import { AppendedFile } from "./appended-file.ts";
import { writeFilesAtomic } from "./atomic-file.ts";
import { failure, orFailure, orUnreadable, orUnwritable, unreadable } from "./file-error.ts";
import { FileSource } from "./file-source.ts";
import { listFolder } from "./folder.ts";
import { GrowingFile } from "./growing-file.ts";
import { RunLock } from "./lock.ts";
import { makeFolder, removeEmptyFolders } from "./make-folder.ts";
import { temporaryBeside } from "./temporary-name.ts";

/** Default size of a piece, in bytes. */
const pieceSize = 1 << 16;

/** The files of this machine, through Node. */
export const nodeStore: Store = {
  list: listFolder,
  async stat(path) {
    try {
      return infoOf(await fs.stat(path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw unreadable(path, error);
    }
  },
  exists: (path) =>
    fs.lstat(path).then(
      () => true,
      () => false,
    ),
  open: (path) => FileSource.open(path),
  read: (path) => orUnreadable(path, fs.readFile(path)),
  async readText(path) {
    return (await orUnreadable(path, fs.readFile(path, "utf8"))).replace(/^\uFEFF/, "");
  },
  pieces,
  async openArchive(path) {
    const { openZip } = await import("./archive.ts");
    return openZip(path);
  },
  async openStoredArchive(source) {
    const { openZip } = await import("./stored-archive.ts");
    return openZip(source);
  },
  async *tarMembers(source) {
    const { tarMembers } = await import("./tar.ts");
    yield* tarMembers(source);
  },
  write: writeFilesAtomic,
  writeStream: (path) => GrowingFile.create(path),
  append: (path, length): Promise<AppendFile> => AppendedFile.open(path, length),
  async copy(from, to) {
    await makeFolder(dirname(to));
    const copying = replace(to, (path) => fs.copyFile(from, path, constants.COPYFILE_FICLONE));
    await orFailure(`${from}: cannot be copied to ${to}`, copying);
  },
  link(from, to) {
    // A hard link costs no space; not every file system has them.
    const linking = replace(to, (path) => fs.link(from, path).catch(() => fs.copyFile(from, path)));
    return orUnwritable(to, linking);
  },
  makeFolder: async (path) => (await makeFolder(path))?.replaceAll(sep, "/"),
  async claimFolder(path) {
    try {
      await fs.mkdir(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw failure(`${path}: the folder cannot be created`, error);
    }
  },
  async moveFolder(from, to) {
    // A folder takes the place of an empty one without a word.
    if (await nodeStore.exists(to)) return false;
    try {
      await fs.rename(from, to);
      return true;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(code)) return false;
      throw failure(`${from}: cannot be renamed to ${to}`, error);
    }
  },
  remove: (path) =>
    orFailure(
      `${path}: cannot be removed`,
      fs.rm(path, { recursive: true, force: true, maxRetries: 5 }),
    ),
  removeEmptyFolders,
  lock: (folder, use) => orUnwritable(folder, RunLock.take(folder, use)),
  freeSpace: (path) =>
    fs.statfs(path).then(
      ({ bavail, bsize }) => bavail * bsize,
      () => undefined,
    ),
  absolute: (path) => resolve(path).replaceAll(sep, "/"),
  url: (path) => pathToFileURL(path).href,
};

async function* pieces(path: string, bytes = pieceSize): AsyncGenerator<Uint8Array> {
  const file = await orUnreadable(path, fs.open(path, "r"));
  try {
    const piece = new Uint8Array(bytes);
    while (true) {
      const { bytesRead } = await orUnreadable(path, file.read(piece, 0, bytes));
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Writes a file under a temporary name in the same folder, then renames it, replacing an existing one. */
async function replace(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await write(temporary);
    await fs.rename(temporary, path);
  } finally {
    // A rename between two links of one file leaves both names.
    await fs.rm(temporary, { force: true }).catch(() => undefined);
  }
}

function infoOf(stats: Awaited<ReturnType<typeof fs.stat>>): FileInfo {
  return {
    kind: stats.isDirectory() ? "folder" : "file",
    size: Number(stats.size),
    modified: Number(stats.mtimeMs),
  };
}

/** Whether the error means that nothing exists at a path; a name that is too long for the disk belongs to no file either. */
function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(
    String((error as NodeJS.ErrnoException).code),
  );
}
