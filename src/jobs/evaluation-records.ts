import * as z from "zod/mini";
import { fileWith, type FinishedFile } from "../files/formats/finished-files.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { WorstImages } from "../files/report/worst-images.ts";
import {
  readWholeRecords,
  recordsName,
  type ExpectedImages,
  type ShardSkip,
} from "../files/shards/records.ts";
import { join } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { imageFacts, tileName, type ImageFacts } from "./evaluation-journal.ts";

/** An image of a shard that was measured. */
export interface MeasuredRecord extends ImageFacts {
  /** Number of the image among those of all shards, from 0. */
  readonly index: number;
  readonly name: string;
  /** Its tags, if it has a true mask and they are known. */
  readonly tags?: readonly number[];
}

export type EvaluationRecord = MeasuredRecord | ShardSkip;

const whole = z.int().check(z.nonnegative());
const measuredRecord = z.intersection(
  imageFacts,
  z.object({ index: whole, name: z.string(), tags: z.optional(z.array(whole)) }),
);
const record = z.union([z.object({ index: whole, error: z.string() }), measuredRecord]);

/** What a shard of an evaluation measured. */
export interface MeasuredShard {
  readonly path: string;
  /** Number of its first image among those of all shards. */
  readonly first: number;
  /** Images that could not be measured, by their numbers in the shard, and why. */
  readonly left: ReadonlyMap<number, string>;
  /** Number of images on the page of the worst. */
  readonly worst: number;
  /** Tags of an image of the shard, if they are known. */
  readonly tagsOf: (index: number) => readonly number[] | undefined;
}

/**
 * Writes what a shard measured: a line for each image in the order of the job, and the pictures of its worst ones. An image that is
 * none of the worst of its shard is none of all images.
 */
export async function writeEvaluationRecords(
  { store, codec }: Pick<FileHost, "store" | "codec">,
  job: UnfinishedJob,
  { path, first, left, worst: limit, tagsOf }: MeasuredShard,
): Promise<FinishedFile[]> {
  const measured = job.finishedImages().filter(({ index }) => !left.has(index));
  const worst = new WorstImages(codec, limit);
  for (const { index, facts } of measured) {
    const place = (facts as ImageFacts).worst;
    if (place) worst.place({ ...place, name: String(index), tiles: [] });
  }
  const shown = new Set(worst.images.map(({ name }) => Number(name)));
  const files: FinishedFile[] = [];
  const records: EvaluationRecord[] = [];
  for (const { index, name, facts } of measured) {
    const { scores, truth, worst: place } = facts as ImageFacts;
    const tags = truth && tagsOf(index);
    records.push({
      ...{ index: first + index, name, scores },
      ...(truth && { truth }),
      ...(tags && { tags }),
      ...(place && shown.has(index) && { worst: place }),
    });
    if (!place || !shown.has(index)) continue;
    for (const k of place.titles.keys()) {
      const file = tileName(first + index, k);
      const data = await job.readKept(tileName(index, k));
      await store.write([{ path: join(path, file), data }], { durable: false });
      files.push(fileWith(file, data));
    }
  }
  for (const [index, error] of left) records.push({ index: first + index, error });
  const lines = records.sort((a, b) => a.index - b.index).map((one) => `${JSON.stringify(one)}\n`);
  const data = new TextEncoder().encode(lines.join(""));
  await store.write([{ path: join(path, recordsName), data }]);
  return [...files, fileWith(recordsName, data)];
}

/** Reads the lines of a shard; a UserError where it is not as it was written. */
export function readEvaluationRecords(
  store: Store,
  shard: string,
  images: ExpectedImages,
): AsyncGenerator<EvaluationRecord> {
  return readWholeRecords(store, shard, images, (value) => {
    const { success, data } = record.safeParse(value);
    return success ? (data as EvaluationRecord) : undefined;
  });
}

/** The pictures of an image that is one of the worst of its shard. */
export async function readTiles(
  store: Store,
  shard: string,
  index: number,
  titles: readonly string[],
): Promise<{ readonly title: string; readonly jpeg: Uint8Array }[]> {
  const tiles = [];
  for (const [k, title] of titles.entries()) {
    tiles.push({ title, jpeg: await store.read(join(shard, tileName(index, k))) });
  }
  return tiles;
}
