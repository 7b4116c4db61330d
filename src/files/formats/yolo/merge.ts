import type { WriteStream } from "../../../host/store.ts";
import { join } from "../../text/path.ts";
import { bodyOf, copyPart, finishing, pathInShard, type MergeOptions } from "../merger.ts";
import { dataFile, dataYaml, sizesFile, sizesHead } from "./write.ts";

/** Merges the sizes of YOLO's images, and writes the classes. */
export async function* mergeYolo(options: MergeOptions): AsyncGenerator<void, void> {
  const sizes = await options.files.writeStream(join(options.folder, sizesFile));
  yield* finishing(sizes, copySizes(options, sizes));
}

async function* copySizes(options: MergeOptions, sizes: WriteStream): AsyncGenerator<void, void> {
  const { store, folder, classes, shards, files } = options;
  await sizes.write(sizesHead);
  for (const shard of shards) {
    const path = pathInShard(options, shard, sizesFile);
    await copyPart(store, path, await bodyOf(store, shard, path, sizesHead), sizes);
    yield;
  }
  await files.write(join(folder, dataFile), await dataYaml(classes));
}
