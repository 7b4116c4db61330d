import { openWeights } from "../files/weights/open.ts";
import { isShardIndex, joinShards, readShardIndex } from "../files/weights/shards.ts";
import type { WeightsFile } from "../files/weights/weights-file.ts";
import type { OpenFile, Store } from "../host/store.ts";

/**
 * Opens a weights file of any format, or the shards that an index lists, and closes all once `use` is done; tensors are
 * read on demand.
 * @param path a weights file, or an index of shards such as model.safetensors.index.json
 */
export async function withWeights<T>(
  store: Store,
  path: string,
  use: (weights: WeightsFile) => Promise<T>,
): Promise<T> {
  const sources: OpenFile[] = [];
  const open = async (file: string): Promise<WeightsFile> => {
    const source = await store.open(file);
    sources.push(source);
    return openWeights(source, (zip) => store.openStoredArchive(zip));
  };
  try {
    if (!isShardIndex(path)) return await use(await open(path));
    const index = await readShardIndex(store, path);
    const shards: WeightsFile[] = [];
    for (const shard of index.shards) shards.push(await open(shard));
    return await use(joinShards(index, shards));
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}
