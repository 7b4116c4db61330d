import type { Lock, Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { jobText, readJob } from "../formats/journal.ts";
import { sweepTemporary } from "../formats/temporary-files.ts";
import { jobName, takeLock, UnfinishedJob } from "../formats/unfinished-job.ts";
import { lockFile } from "../run/files.ts";
import { join } from "../text/path.ts";
import { shardsFolder } from "./plan.ts";

const job = "merge";

/**
 * The folder that shards are merged into, while that is done: nobody else can write there. Its hidden folder, the same that other
 * jobs have, tells a merge that was killed, and has the temporary files of the merge.
 */
export class MergePlace {
  private constructor(
    private readonly store: Store,
    private readonly out: string,
    /** The hidden folder. */
    readonly folder: string,
    private readonly lock: Lock,
  ) {}

  /** Takes the folder; a UserError if another process has it, or another job is unfinished in it. */
  static async take(store: Store, out: string): Promise<MergePlace> {
    const folder = UnfinishedJob.folderOf({ path: out, single: false });
    const lock = await takeLock(store, folder, out);
    const place = new MergePlace(store, out, folder, lock);
    try {
      const found = await readJob(store, join(folder, jobName));
      if (found && found.settings["job"] !== job) {
        throw new UserError(
          `${out}: holds another job unfinished, which is to write the same files; finish it, or remove ${folder}`,
          { code: "unfinished" },
        );
      }
      // What a merge that was killed was writing; in the shards, tasks may be writing at this moment.
      if (found) await sweepTemporary(store, out, undefined, shardsFolder);
      const data = jobText({ settings: { job } });
      await store.write([{ path: join(folder, jobName), data }]);
    } catch (error) {
      await place.release().catch(() => undefined);
      throw error;
    }
    return place;
  }

  /** A UserError if another process has taken the folder over. */
  check(): Promise<void> {
    return this.lock.check();
  }

  /** Ends the merge: removes its hidden folder, unless another process has taken it over. */
  async end(): Promise<void> {
    try {
      const isOwner = await this.lock.check().then(
        () => true,
        () => false,
      );
      if (isOwner) {
        const { files, folders } = await this.store.list(this.folder, { hidden: true });
        const own = [...files, ...folders].filter((name) => name !== lockFile);
        for (const name of own) await this.store.remove(join(this.folder, name));
      }
    } finally {
      await this.release();
    }
  }

  private async release(): Promise<void> {
    await this.lock.release();
    await this.store.removeEmptyFolders(this.folder, this.out);
  }
}
