import { fileListName } from "../files/formats/older-files.ts";
import { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { openShardFolder, shardFolder, type ShardPlan } from "../files/shards/plan.ts";
import { isFolder } from "../files/text/folders.ts";
import { join } from "../files/text/path.ts";
import { counted } from "../files/text/units.ts";
import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import type { ShardEnd } from "./run-shards.ts";

/** How the folder of a shard is opened and given up again. */
export interface OpensShard<F> {
  /** Opens the folder; a UserError "locked" or "not-empty" if that is not possible. */
  readonly open: (path: string) => Promise<F>;
  readonly leave: (folder: F) => Promise<unknown>;
}

/** Takes a shard to make it, unless it is complete or another process has it. */
export async function takeShard<F>(
  store: Store,
  out: string,
  shard: number,
  { open, leave }: OpensShard<F>,
): Promise<{ readonly folder: F } | ShardEnd> {
  const path = openShardFolder(out, shard);
  if (await isFinished(store, path)) return publishShard(store, out, shard);
  try {
    const folder = await open(path);
    if (!(await isFolder(store, shardFolder(out, shard)))) return { folder };
    // Another process has completed it since this one looked.
    await leave(folder);
    await store.remove(path);
    return { end: "complete" };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.code === "locked") return { end: "held", owner: error.message };
    // Another process has finished it just now.
    if (error.code !== "not-empty") throw error;
    if (await isFinished(store, path)) return publishShard(store, out, shard);
    if (await isFolder(store, shardFolder(out, shard))) return { end: "complete" };
    throw error;
  }
}

/** Takes the place of a shard that has no masks; a UserError "not-empty" if another process has just made all of it. */
export async function claimShard(
  store: Store,
  plan: ShardPlan,
  shard: number,
  path: string,
): Promise<{ readonly path: string; readonly job: UnfinishedJob }> {
  const settings = { ...plan.settings, shard };
  const place = { path, single: false };
  const job = await UnfinishedJob.claim(store, place, { settings, always: true });
  if (job.continues || !(await store.exists(join(path, fileListName)))) return { path, job };
  await job.leave();
  throw new UserError(`${path}: is complete`, { code: "not-empty" });
}

/**
 * A UserError if none of a shard's images is there, as on a machine where a disk is not mounted. Images that are gone
 * beside others are only left out.
 */
export async function checkThere(
  store: Store,
  images: readonly string[],
  shard: number,
): Promise<void> {
  const files = new Set(images);
  for (const file of files) if (await store.exists(file)) return;
  const [first] = files;
  throw new UserError(
    `${first}: no such file; none of the ${counted(images.length, "image")} of shard ${shard} is there, though all were when ` +
      "the job began; see whether their disk can be reached from this machine, and start the task again",
    { code: "not-found" },
  );
}

/** How a shard ends whose making failed, if another process has taken it over, and perhaps completed it; else throws the error. */
export function takenOver(error: unknown): ShardEnd {
  if (error instanceof UserError && ["lock-lost", "not-found"].includes(error.code)) {
    return { end: "held", owner: error.message };
  }
  throw error;
}

/** Whether the files of a shard are all written, but its process ended before it could give the folder its name. */
async function isFinished(store: Store, path: string): Promise<boolean> {
  const state = join(UnfinishedJob.folderOf({ path, single: false }), "job.json");
  return (await store.exists(join(path, fileListName))) && !(await store.exists(state));
}

/** Gives a finished shard its name. One that another process has made too, which had taken it over, is dropped. */
export async function publishShard(store: Store, out: string, shard: number): Promise<ShardEnd> {
  const [from, to] = [openShardFolder(out, shard), shardFolder(out, shard)];
  try {
    if (!(await store.moveFolder(from, to))) await store.remove(from);
  } catch (error) {
    // The other process was faster.
    if (!(await isFolder(store, to))) throw error;
  }
  return { end: "complete" };
}
