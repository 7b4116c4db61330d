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
  const gone: FinishedFile[] = [];
  const list = await store.writeStream(path);
  try {
    let old = (await older.next()).value;
    for await (const { line, key } of paths) {
      for (; old && old.path < key; old = (await older.next()).value) gone.push(old);
      if (old?.path === key) old = (await older.next()).value;
      await list.write(`${line}\n`);
    }
    for (; old; old = (await older.next()).value) gone.push(old);
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

async function removeGone(
  store: Store,
  root: string,
  gone: readonly FinishedFile[],
): Promise<Replaced> {
  const changed: string[] = [];
  let removed = 0;
  let listed: { readonly folder: string; readonly names: ReadonlySet<string> } | undefined;
  for (const file of gone) {
    const path = join(root, file.path);
    const folder = dirname(path);
    if (!(await store.exists(path))) continue;
    if (listed?.folder !== folder) {
      const { files } = await store.list(folder, { hidden: true, sorted: false });
      listed = { folder, names: new Set(files) };
    }
    // On a disk that does not tell upper from lower case, the name may be another one of a new file.
    if (!listed.names.has(basename(path))) continue;
    if (await areWhole(store, root, [file])) {
      await store.remove(path);
      await store.removeEmptyFolders(folder, root);
      removed++;
    } else if (changed.length < mostNamed) {
      changed.push(file.path);
    }
  }
  return { removed, changed, others: [] };
}
