import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { bodyOf, copyPart, finishing, pathInShard, type MergeOptions } from "../merger.ts";
import { voc2012Lists } from "./write-voc2012.ts";

/** Merges the lists of VOC 2012, all of which have all images. */
export async function* mergeVoc2012(options: MergeOptions): AsyncGenerator<void, void> {
  for (const list of voc2012Lists) {
    const path = join(options.folder, list);
    const file = await options.files.writeStream(path, { checksum: true });
    yield* finishing(file, copyNames(options, list, file));
  }
}

async function* copyNames(
  options: MergeOptions,
  list: string,
  file: WriteStream,
): AsyncGenerator<void, void> {
  const { store, shards } = options;
  for (const shard of shards) {
    const path = pathInShard(options, shard, list);
    await copyPart(store, path, await bodyOf(store, shard, path, ""), file);
    yield;
  }
}
