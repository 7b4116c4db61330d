import type { Store } from "../../host/store.ts";
import { areWhole, type FinishedFile } from "../formats/finished-files.ts";
import { fileListName, mostNamed, type Replaced } from "../formats/older-files.ts";
import { SortedRuns, type KeyedLine, type LineOrder } from "../text/merge-sorted.ts";
import { basename, dirname, join } from "../text/path.ts";
import { textLines } from "../text/text-lines.ts";
import { asFile } from "./shard-files.ts";

/** The order of the paths, which the lines of lists of files begin with. */
const byPath: LineOrder<string> = {
  keyOf: (line) => (JSON.parse(line) as FinishedFile).path,
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
};

/** The lists of the files of shards, to be merged into one. @param path of temporary files */
export function listRuns(store: Store, path: string): Promise<SortedRuns<string>> {
  return SortedRuns.create(store, path, byPath);
}

/**
 * Adds files to the list of a folder before the first of them is there, and yields their lines: a merge that does not end well leaves
 * no file that no list knows.
 * @param paths lines in the order of their paths
 */
export async function* announced(
  store: Store,
  root: string,
  paths: AsyncIterable<KeyedLine<string>>,
): AsyncGenerator<string, void> {
  const path = join(root, fileListName);
  const older = olderFiles(store, path);
  const list = await store.writeStream(path);
  let isWhole = false;
  try {
    let old = (await older.next()).value;
    const keep = async (file: FinishedFile, except?: string): Promise<void> => {
      const line = JSON.stringify(file);
      if (line !== except) await list.write(`${line}\n`);
      old = (await older.next()).value;
    };
    for await (const { line, key } of paths) {
      // Until the new file is there, it may be the old one of the same name.
      while (old && old.path <= key) await keep(old, line);
      await list.write(`${line}\n`);
      yield line;
    }
    while (old) await keep(old);
    await list.finish();
    isWhole = true;
  } finally {
    await older.return(undefined);
    if (!isWhole) await list.discard();
  }
}

/**
 * Writes the list of the files of a folder. Files of the list that was there before and are not in it any more are removed first, if
 * they are as they were written. Memory holds no files but these.
 * @param paths lines in the order of their paths
 */
export async function writeMergedList(
  store: Store,
  root: string,
  paths: AsyncIterable<KeyedLine<string>>,
): Promise<Replaced> {
  const path = join(root, fileListName);
  const older = olderFiles(store, path);
  const gone = new Map<string, FinishedFile[]>();
  const list = await store.writeStream(path);
  try {
    let old = (await older.next()).value;
    const leave = async (file: FinishedFile): Promise<void> => {
      gone.set(file.path, [...(gone.get(file.path) ?? []), file]);
      old = (await older.next()).value;
    };
    for await (const { line, key } of paths) {
      while (old && old.path < key) await leave(old);
      while (old?.path === key) old = (await older.next()).value;
      await list.write(`${line}\n`);
    }
    while (old) await leave(old);
    const replaced = await removeGone(store, root, gone);
    await list.finish();
    return replaced;
  } catch (error) {
    await list.discard();
    throw error;
  } finally {
    await older.return(undefined);
  }
}

async function* olderFiles(store: Store, path: string): AsyncGenerator<FinishedFile, undefined> {
  if ((await store.stat(path))?.kind !== "file") return undefined;
  for await (const line of textLines(store, path)) {
    const file = asFile(line);
    // What follows a damaged line is no file that anybody knows.
    if (!file) return undefined;
    yield file;
  }
  return undefined;
}

/** @param gone files by their paths, as one merge or another has written them */
async function removeGone(
  store: Store,
  root: string,
  gone: ReadonlyMap<string, readonly FinishedFile[]>,
): Promise<Replaced> {
  const changed: string[] = [];
  let removed = 0;
  let listed: { readonly folder: string; readonly names: ReadonlySet<string> } | undefined;
  for (const [name, versions] of gone) {
    const path = join(root, name);
    const folder = dirname(path);
    if (!(await store.exists(path))) continue;
    if (listed?.folder !== folder) {
      const { files } = await store.list(folder, { hidden: true, sorted: false });
      listed = { folder, names: new Set(files) };
    }
    // On a disk that does not tell upper from lower case, the name may be another one of a new file.
    if (!listed.names.has(basename(path))) continue;
    if (await isOneOf(store, root, versions)) {
      await store.remove(path);
      await store.removeEmptyFolders(folder, root);
      removed++;
    } else if (changed.length < mostNamed) {
      changed.push(name);
    }
  }
  return { removed, changed, others: [] };
}

/** Whether a file is as one of several merges has written it. */
async function isOneOf(
  store: Store,
  root: string,
  versions: readonly FinishedFile[],
): Promise<boolean> {
  for (const file of versions) if (await areWhole(store, root, [file])) return true;
  return false;
}
