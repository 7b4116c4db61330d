import type { Store } from "../../host/store.ts";
import { UserError } from "../../user-error.ts";
import { crc32c } from "../run/crc32c.ts";
import { parseJson } from "../text/parse-json.ts";
import { join, normalize, relativeOnDrive } from "../text/path.ts";
import { shardItems, shardsFolder, type ShardPlan } from "./plan.ts";

/** The list of all images of a job, of which a task reads only the lines of its shards. */
const itemsName = "items.jsonl";

/** Where the lines of each shard are in the list. */
export type ItemPlaces = NonNullable<ShardPlan["list"]>;

function itemsFile(out: string): string {
  return join(out, shardsFolder, itemsName);
}

/** Writes the list of a job's images, as values that JSON can hold. */
export async function writeItems(
  store: Store,
  out: string,
  items: readonly unknown[],
  shardSize: number,
): Promise<ItemPlaces> {
  const encoder = new TextEncoder();
  const file = await store.writeStream(itemsFile(out));
  const [offsets, checksums]: [number[], number[]] = [[0], []];
  try {
    for (let first = 0; first < items.length; first += shardSize) {
      const lines = items.slice(first, first + shardSize).map((item) => JSON.stringify(item));
      const bytes = encoder.encode(lines.map((line) => `${line}\n`).join(""));
      await file.write(bytes);
      offsets.push(offsets.at(-1)! + bytes.length);
      checksums.push(crc32c(bytes));
    }
    await file.finish();
  } catch (error) {
    await file.discard().catch(() => undefined);
    throw error;
  }
  return { offsets, checksums };
}

/** Reads the images of one shard; a UserError where the list is not as it was written. */
export async function readItems(
  store: Store,
  out: string,
  plan: ShardPlan,
  shard: number,
): Promise<unknown[]> {
  const path = itemsFile(out);
  if ((await store.stat(path))?.kind !== "file") {
    throw new UserError(`${path}: is missing; begin the job again in an empty folder`, {
      code: "damaged-plan",
    });
  }
  const { offsets, checksums } = plan.list!;
  const [begin, end] = [offsets[shard]!, offsets[shard + 1]!];
  const file = await store.open(path);
  try {
    const bytes = end <= file.size ? await file.read(begin, end - begin) : undefined;
    if (!bytes || crc32c(bytes) !== checksums[shard]) throw damagedList(path, shard);
    const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
    if (lines.length !== shardItems(plan, shard)) throw damagedList(path, shard);
    return lines.map((line) => parseJson(line));
  } finally {
    await file.close();
  }
}

function damagedList(path: string, shard: number): UserError {
  return new UserError(
    `${path}: the images of shard ${shard} are not as they were written; begin the job again in an empty folder`,
    { code: "damaged-plan" },
  );
}

/**
 * A path as a plan or a shard stores it: from the folder of the results, so that everything can be moved together, and be seen at
 * different places by different machines.
 */
export function storedPath(store: Store, out: string, path: string): string {
  const to = store.absolute(path);
  return relativeOnDrive(store.absolute(out), to) ?? to;
}

/** The path that was stored. */
export function pathOf(out: string, stored: string): string {
  return /^([A-Za-z]:)?\//.test(stored) ? stored : normalize(join(out, stored));
}
