import type { Store } from "../../host/store.ts";
import { fileWith, type FinishedFile } from "../formats/finished-files.ts";
import type { MaskFolder } from "../formats/mask-folder.ts";
import { asKeptFacts } from "../formats/mask-origin.ts";
import { join, relative } from "../text/path.ts";
import { recordsName, recordText, type ShardRecord, type ShardSkip } from "./records.ts";

/**
 * Writes the list of the images of a shard beside their masks, in the order of the job; returns the file.
 * @param skips images that were left out
 * @param factsOf facts of an image to store, from those that its job kept
 */
export async function writeRecords(
  store: Store,
  folder: Pick<MaskFolder, "path" | "finishedImages">,
  skips: readonly ShardSkip[],
  factsOf: (facts: unknown, index: number) => unknown,
): Promise<FinishedFile> {
  const images = folder.finishedImages().map(({ index, name, files, facts }): ShardRecord => {
    const kept = asKeptFacts(facts)!;
    const { thumbnail, size, ledger, own } = kept;
    return {
      ...{ index, name, size, ledger, facts: factsOf(own, index) },
      // The state of the unfinished job goes with it.
      files: files.filter(({ path }) => !path.startsWith(".")),
      ...(thumbnail && {
        thumbnail: { ...thumbnail, file: relative(folder.path, thumbnail.file) },
      }),
    };
  });
  const records = [...images, ...skips].sort((a, b) => a.index - b.index);
  const data = new TextEncoder().encode(records.map(recordText).join(""));
  await store.write([{ path: join(folder.path, recordsName), data }]);
  return fileWith(recordsName, data);
}
