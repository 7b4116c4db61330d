import { checkFiles } from "../files/shards/shard-links.ts";
import { shardFolder, shardItems } from "../files/shards/plan.ts";
import { damagedShard, readRecords, recordsName } from "../files/shards/records.ts";
import { linesOfImages } from "../files/shards/shard-files.ts";
import type { SortedRuns } from "../files/text/merge-sorted.ts";
import type { Store } from "../host/store.ts";
import { DamagedShards } from "./damaged-shards.ts";
import type { DamagedShardsEvent, MergeProgressEvent } from "./merge-events.ts";
import { filesOf, imagesOf, type MaskMerge, type TakesRecord } from "./mask-merge.ts";

/** Images whose files are looked at together. */
const together = 100;

/**
 * Checks all shards before the first file is linked, and adds the files of their images to a list. Damaged ones are told together.
 * @param take takes a record as the merge will; a UserError if it is damaged
 */
export async function* checkShards(
  store: Store,
  merge: MaskMerge,
  list: SortedRuns<string>,
  take: TakesRecord,
): AsyncGenerator<MergeProgressEvent | DamagedShardsEvent, void> {
  const { out, plan, shards } = merge;
  const damaged = new DamagedShards(out, plan);
  const total = imagesOf(merge);
  let done = 0;
  for (const shard of shards) {
    try {
      await checkShard(store, merge, shard, list, take);
    } catch (error) {
      damaged.add(shard, error);
    }
    done += shardItems(plan, shard);
    yield { type: "progress", stage: "check", done, total };
  }
  yield* damaged.tell();
}

async function checkShard(
  store: Store,
  { out, plan, masks, hasClasses = true, signal }: MaskMerge,
  shard: number,
  list: SortedRuns<string>,
  take: TakesRecord,
): Promise<void> {
  const folder = shardFolder(out, shard);
  const items = shardItems(plan, shard);
  const waiting = [];
  let [images, files, listed] = [0, 0, 0];
  for await (const record of readRecords(store, folder)) {
    signal?.throwIfAborted();
    const expected = shard * plan.shardSize + images++;
    if (record.index !== expected || images > items) {
      throw damagedShard(folder, `${recordsName} has image ${record.index}, expected ${expected}`);
    }
    if ("error" in record) continue;
    take(folder, record);
    const own = filesOf(record);
    files += own.length;
    waiting.push(...own);
    if (waiting.length >= together) await checkFiles(store, folder, waiting.splice(0));
  }
  if (images !== items) {
    throw damagedShard(folder, `${recordsName} has ${images} images, expected ${items}`);
  }
  await checkFiles(store, folder, waiting);
  const { format: formats = ["voc"], layout = "masks" } = masks;
  const classes = hasClasses ? plan.classes : undefined;
  const lines = linesOfImages(store, folder, { formats, layout, classes });
  const counted = async function* (): AsyncGenerator<string> {
    for await (const line of lines) {
      listed++;
      yield line;
    }
  };
  await list.add(counted());
  if (listed === files) return;
  throw damagedShard(folder, `lists ${listed} files of its images, expected ${files}`);
}
