import { exportSchema, type Export } from "../../protocol.ts";
import { parseJson } from "../../../files/text/parse-json.ts";
import { join } from "../../../files/text/path.ts";
import type { Store } from "../../../host/store.ts";

/** The record of an export, a hidden file beside its folder. */
function recordPath(root: string, id: string): string {
  return join(root, `.${id}.json`);
}

const record = /^\.(.+)\.json$/;

/** Beginning of the names of folders that are removed after use. */
export const scratchPrefix = ".scratch-";

export async function writeRecord(store: Store, root: string, one: Export): Promise<void> {
  const data = `${JSON.stringify(one)}\n`;
  await store.write([{ path: recordPath(root, one.id), data }]);
}

/**
 * The exports of earlier sessions, newest first. One that was not done when its server ended is failed, and so are its files: a process that
 * is killed leaves a part of them.
 */
export async function readRecords(store: Store, root: string): Promise<Export[]> {
  if ((await store.stat(root))?.kind !== "folder") return [];
  const { files, folders } = await store.list(root, { hidden: true });
  for (const name of folders) {
    if (name.startsWith(scratchPrefix)) await store.remove(join(root, name));
  }
  const found: { readonly one: Export; readonly modified: number }[] = [];
  for (const name of files) {
    if (!record.test(name) || name.startsWith(scratchPrefix)) continue;
    const path = join(root, name);
    const one = parsed(await store.readText(path));
    // The person removed what it tells of.
    if (!one || !(await store.exists(one.path))) {
      await store.remove(path);
      continue;
    }
    const { modified = 0 } = (await store.stat(path)) ?? {};
    found.push({ one: ended(one), modified });
  }
  return found.sort((a, b) => b.modified - a.modified).map(({ one }) => one);
}

function ended(one: Export): Export {
  if (one.state !== "running") return one;
  const error = "The studio ended before the export was complete; what is in the folder is a part. Export again."; // prettier-ignore
  return { ...one, state: "failed", error };
}

function parsed(text: string): Export | undefined {
  try {
    return exportSchema.safeParse(parseJson(text)).data;
  } catch {
    return undefined;
  }
}

/** Files in a folder and below, without hidden ones. */
export async function countFiles(store: Store, folder: string): Promise<number> {
  const { files, folders } = await store.list(folder, { sorted: false });
  let count = files.length;
  for (const name of folders) count += await countFiles(store, join(folder, name));
  return count;
}
