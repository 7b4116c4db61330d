import type { Store } from "../../host/store.ts";
import { mapAtOnce } from "../datasets/map-at-once.ts";
import type { FinishedFile } from "../formats/finished-files.ts";
import { dirname, join } from "../text/path.ts";
import { damagedShard } from "./records.ts";

/** Files that are linked at a time, and those that wait for it. */
const [atOnce, waiting] = [8, 256];

/** Folders that are known to be there. */
const mostFolders = 10_000;

/** Looks whether files of a shard are there, in their sizes; a UserError if not. */
export async function checkFiles(
  store: Store,
  shard: string,
  files: readonly FinishedFile[],
): Promise<void> {
  await mapAtOnce(files, atOnce, async ({ path, size }) => {
    const info = await store.stat(join(shard, path));
    if (info?.kind !== "file") throw damagedShard(shard, `${path} is missing`);
    if (info.size === size) return;
    throw damagedShard(shard, `${path} has ${info.size} bytes, expected ${size}`);
  });
}

/** Gives the files of images second names in the merged folder: a link, or a copy where the disk has none. */
export class ShardLinks {
  private readonly pending: FinishedFile[] = [];
  private readonly folders = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly shard: string,
    private readonly out: string,
  ) {}

  async add(files: readonly FinishedFile[]): Promise<void> {
    this.pending.push(...files);
    if (this.pending.length >= waiting) await this.flush();
  }

  /** Links all files that wait for it. */
  async flush(): Promise<void> {
    const files = this.pending.splice(0);
    for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
      if (this.folders.has(folder)) continue;
      if (this.folders.size >= mostFolders) this.folders.clear();
      await this.store.makeFolder(join(this.out, folder));
      this.folders.add(folder);
    }
    await mapAtOnce(files, atOnce, (file) => this.link(file));
  }

  private async link(file: FinishedFile): Promise<void> {
    try {
      await this.store.link(join(this.shard, file.path), join(this.out, file.path));
    } catch (error) {
      // It may have gone since it was checked.
      await checkFiles(this.store, this.shard, [file]);
      throw error;
    }
  }
}
