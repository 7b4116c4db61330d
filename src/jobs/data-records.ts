import * as z from "zod/mini";
import type { LookedAt } from "../files/datasets/look.ts";
import { fileWith, type FinishedFile } from "../files/formats/finished-files.ts";
import { areMaskCounts } from "../files/formats/label-counts.ts";
import type { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { readWholeRecords, recordsName, type ExpectedImages } from "../files/shards/records.ts";
import { join } from "../files/text/path.ts";
import type { Store } from "../host/store.ts";

/** An image of a shard, and what its files show. */
export interface InspectedImage extends LookedAt {
  /** Number of the image among those of all shards, from 0. */
  readonly index: number;
}

const whole = z.int().check(z.nonnegative());
const size = z.union([z.string(), z.object({ width: whole, height: whole })]);
const pixels = z.object({
  image: z.optional(z.string()),
  mask: z.optional(z.union([z.string(), z.custom(areMaskCounts)])),
});
const lookedAt = z.object({
  headers: z.object({ image: size, mask: z.optional(size) }),
  pixels: z.optional(pixels),
});
const inspected = z.extend(lookedAt, { index: whole });

/** What is known of an image, by a journal that may be damaged. */
export function asLookedAt(facts: unknown): LookedAt | undefined {
  return lookedAt.safeParse(facts).data as LookedAt | undefined;
}

/** Stands for the folder of the data set in messages; no message has control characters. */
const dataFolder = "\u0000/";

/** Facts whose messages do not depend on where a task sees the data set. */
export function portable(facts: LookedAt, root: string): LookedAt {
  const prefix = prefixOf(root);
  return prefix === "" ? facts : withTexts(facts, (text) => text.replaceAll(prefix, dataFolder));
}

/** The path before the names of all files in the data set; empty for the working folder. */
function prefixOf(root: string): string {
  return join(root, "x").slice(0, -1);
}

function withTexts(facts: LookedAt, change: (text: string) => string): LookedAt {
  const changed = <T>(value: T): T => (typeof value === "string" ? change(value) : value) as T;
  const { headers, pixels } = facts;
  return {
    headers: {
      image: changed(headers.image),
      ...(headers.mask !== undefined && { mask: changed(headers.mask) }),
    },
    ...(pixels && {
      pixels: {
        ...(pixels.image !== undefined && { image: changed(pixels.image) }),
        ...(pixels.mask !== undefined && { mask: changed(pixels.mask) }),
      },
    }),
  };
}

/** Writes what was seen of the images of a shard, in their order; returns the file. */
export async function writeInspected(
  store: Store,
  path: string,
  job: UnfinishedJob,
): Promise<FinishedFile> {
  const lines = job.finishedImages().map(({ index, facts }) => {
    const { headers, pixels } = facts as LookedAt;
    const image: InspectedImage = { index, headers, ...(pixels && { pixels }) };
    return `${JSON.stringify(image)}\n`;
  });
  const data = new TextEncoder().encode(lines.join(""));
  await store.write([{ path: join(path, recordsName), data }]);
  return fileWith(recordsName, data);
}

/** Reads what was seen of the images of a shard; a UserError where it is not as it was written. @param root the data set */
export async function* readInspected(
  store: Store,
  shard: string,
  images: ExpectedImages,
  root: string,
): AsyncGenerator<InspectedImage> {
  const prefix = prefixOf(root);
  const asImage = (value: unknown): InspectedImage | undefined =>
    inspected.safeParse(value).data as InspectedImage | undefined;
  for await (const { index, ...facts } of readWholeRecords(store, shard, images, asImage)) {
    yield { index, ...withTexts(facts, (text) => text.replaceAll(dataFolder, prefix)) };
  }
}
