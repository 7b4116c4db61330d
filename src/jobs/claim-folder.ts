import { nextFree } from "../files/run/files.ts";
import { dirname } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";

/** A folder for results, and the topmost folder that was created for it; undefined where all existed. */
export interface ClaimedFolder {
  readonly folder: string;
  readonly topmost: string | undefined;
}

/** Creates a folder, by default the first free one of runs/demo, demo2, … */
export async function claimFolder(
  { store }: Pick<Host, "store">,
  wanted: string | undefined,
): Promise<ClaimedFolder> {
  if (wanted === undefined) {
    const runs = { folder: "runs", topmost: await store.makeFolder("runs") };
    try {
      const folder = await nextFree(store, "runs", "demo");
      return { folder, topmost: runs.topmost ?? folder };
    } catch (error) {
      await releaseFolder({ store }, runs);
      throw error;
    }
  }
  return { folder: wanted, topmost: await store.makeFolder(wanted) };
}

/** Removes the folder of a job that left nothing in it, and those that were made with it, as far as they are empty. */
export async function releaseFolder(
  { store }: Pick<Host, "store">,
  claimed: ClaimedFolder | undefined,
): Promise<void> {
  if (claimed?.topmost === undefined) return;
  await store.removeEmptyFolders(claimed.folder, dirname(store.absolute(claimed.topmost)));
}
