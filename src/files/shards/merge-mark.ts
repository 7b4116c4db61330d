import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Store } from "../../host/store.ts";
import { parseJson } from "../text/parse-json.ts";
import { join } from "../text/path.ts";
import { planFile, shardsFolder } from "./plan.ts";

/** Name of the mark, beside the plan. */
const markName = "merged.json";

interface Mark {
  /** SHA-256 of the plan whose shards are merged. */
  readonly plan: string;
  readonly result: unknown;
}

/**
 * Marks the shards of a folder as merged, before the first of them is removed. A merge that is killed while it removes them is finished
 * by the next one, which would find shards missing otherwise.
 * @param result what to tell of the merge
 */
export async function markMerged(store: Store, out: string, result: unknown): Promise<void> {
  const mark: Mark = { plan: await digest(store, planFile(out)), result };
  await store.write([{ path: markFile(out), data: `${JSON.stringify(mark)}\n` }]);
}

/**
 * The result of a merge that has yet to remove its shards; undefined if there is none. A mark that belongs to shards of another plan
 * is removed.
 */
export async function markedResult(store: Store, out: string): Promise<unknown> {
  const path = markFile(out);
  if ((await store.stat(path))?.kind !== "file") return undefined;
  let mark: Partial<Mark> | null;
  try {
    mark = parseJson(await store.readText(path)) as Partial<Mark> | null;
  } catch {
    mark = null;
  }
  // The plan goes after the shards.
  const isGone = (await store.stat(planFile(out))) === undefined;
  if (mark && (isGone || mark.plan === (await digest(store, planFile(out))))) return mark.result;
  await store.remove(path);
  return undefined;
}

/** Removes the shards, then their plan, then the mark. Yields the number of shards removed and that of all. */
export async function* removeShards(
  store: Store,
  out: string,
): AsyncGenerator<{ readonly done: number; readonly total: number }, void> {
  const root = join(out, shardsFolder);
  const { folders, files } = await store.list(root, { hidden: true });
  for (const [done, name] of folders.entries()) {
    await store.remove(join(root, name));
    yield { done: done + 1, total: folders.length };
  }
  const last = [planFile(out), markFile(out)];
  const others = files.map((name) => join(root, name)).filter((path) => !last.includes(path));
  for (const path of [...others, ...last]) await store.remove(path);
  await store.removeEmptyFolders(root, out);
}

function markFile(out: string): string {
  return join(out, shardsFolder, markName);
}

async function digest(store: Store, path: string): Promise<string> {
  return bytesToHex(sha256(await store.read(path)));
}
