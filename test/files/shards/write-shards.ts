import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { confidenceHead, confidenceLine } from "../../../src/files/report/confidence-table.ts";
import { writeContactSheet } from "../../../src/files/report/contact-sheet.ts";
import { inReviewOrder } from "../../../src/files/report/review-order.ts";
import { ImageNames } from "../../../src/files/formats/image-names.ts";
import { readJournal } from "../../../src/files/formats/journal.ts";
import { MaskFolder } from "../../../src/files/formats/mask-folder.ts";
import type { LostDetail } from "../../../src/files/formats/lost-details.ts";
import { asKeptFacts, type WrittenMask } from "../../../src/files/formats/mask-origin.ts";
import { UnfinishedJob } from "../../../src/files/formats/unfinished-job.ts";
import {
  openShardFolder,
  planFile,
  shardCount,
  shardFolder,
  type PlannedMasks,
  type ShardPlan,
} from "../../../src/files/shards/plan.ts";
import { recordsName, recordText, type ShardRecord } from "../../../src/files/shards/records.ts";
import { freeName, safePath } from "../../../src/files/text/file-name.ts";
import { relative, stem } from "../../../src/files/text/path.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";

export const classes = ["cat", "dog: small"];

/** An image of a job, and its mask. */
export interface MaskedImage {
  /** Path of the image below the folder of images, or with `error` that of one that is left out. */
  readonly path: string;
  readonly labels: LabelMap;
  readonly confidence: number;
  readonly tags: readonly string[];
  readonly missing: readonly string[];
  readonly error?: string;
}

const ignore = 255;

/** A mask of vertical stripes of these labels. */
function stripes(width: number, height: number, labels: readonly number[]): LabelMap {
  const data = new Uint8Array(width * height);
  data.forEach((_, i) => (data[i] = labels[Math.floor(((i % width) * labels.length) / width)]!));
  return { width, height, data };
}

/** Images with what a merge may stumble over: equal names, ignored pixels in one, one left out, equal confidences. */
export const images: readonly MaskedImage[] = [
  { path: "a.jpg", labels: stripes(24, 16, [0, 1, 2]), confidence: 0.5, tags: ["cat"], missing: [] },
  { path: "trip/b é.png", labels: stripes(20, 18, [1, 0, 1]), confidence: 0.90002, tags: ["cat"], missing: [] },
  { path: "c.png", labels: stripes(16, 16, [0]), confidence: 0.7, tags: ["dog: small"], missing: ["dog: small"] },
  { path: "a.png", labels: stripes(24, 16, [2, 2, 0, 1]), confidence: 0.90001, tags: classes, missing: [] },
  { path: "broken.png", labels: stripes(1, 1, [0]), confidence: 0, tags: [], missing: [], error: "broken.png: cut short" },
  { path: "d.jpg", labels: stripes(32, 12, [0, ignore, 1]), confidence: 0.5, tags: ["cat"], missing: [] },
  { path: "e, f.png", labels: stripes(12, 32, [2, 0, 2, 1]), confidence: 0.1, tags: ["cat"], missing: [] },
]; // prettier-ignore

/** Writes the files of images. */
export async function writeImages(folder: string, all: readonly MaskedImage[]): Promise<void> {
  for (const { path, labels } of all) {
    const { width, height } = labels;
    const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37) % 251);
    const format = path.endsWith("png") ? "png" : "jpeg";
    const data = await nodeHost.codec.encode({ width, height, data: pixels }, format);
    await nodeHost.store.write([{ path: join(folder, path), data }]);
  }
}

export interface ShardedJob {
  readonly options: PlannedMasks;
  readonly images: readonly MaskedImage[];
  /** Folder of the images. */
  readonly folder: string;
  readonly job?: string;
}

/** An image with the names that it has in the whole job. */
interface NamedImage extends MaskedImage {
  readonly index: number;
  readonly name: string;
  readonly fileName: string;
  readonly file: string;
}

function named({ images: all, folder }: ShardedJob): NamedImage[] {
  const [names, imageNames] = [new Set<string>(), new ImageNames()];
  return all.map((image, index) => {
    const file = join(folder, image.path);
    const name = freeName(safePath(stem(image.path)), names);
    const { fileName } = imageNames.take(stem(image.path), name, { source: file });
    return { ...image, index, name, fileName, file };
  });
}

async function write(
  folder: MaskFolder,
  image: NamedImage,
  facts: unknown,
): Promise<WrittenMask & NamedImage> {
  const { name, labels, file: source, fileName, confidence, index } = image;
  const pixels = await nodeHost.codec.decode(source);
  const about = { ...{ source, fileName, confidence, index, facts }, storesLabels: true };
  return { ...image, ...(await folder.write(name, labels, pixels, about)) };
}

/** What a job without shards writes. */
export async function writeAtOnce(out: string, job: ShardedJob): Promise<LostDetail[]> {
  const folder = await MaskFolder.create(nodeHost, out, classes, { ...job.options, settings: { job: "test" } }); // prettier-ignore
  const masks: (WrittenMask & NamedImage)[] = [];
  for (const image of named(job)) {
    if (image.error === undefined) masks.push(await write(folder, image, null));
  }
  await folder.finish();
  const written: string[] = [];
  if (job.job !== "convert") {
    written.push(join(out, "confidence.csv"));
    writeFileSync(
      written[0]!,
      [confidenceHead, ...inReviewOrder(masks).map(confidenceLine)].join(""),
    );
    const entries = masks.flatMap(({ mask, overlay, file, ...rest }) => {
      const picture = mask ?? overlay;
      if (picture === undefined) return [];
      return [{ ...rest, image: file, mask: picture, ...(overlay !== undefined && { overlay }) }];
    });
    if (job.options.sheet && entries.length > 0) {
      const onFile = (path: string): void => void written.push(path);
      await writeContactSheet(nodeHost, out, entries, { classes, onFile });
    }
  }
  await folder.complete(written);
  return folder.losses();
}

/** What the tasks of a sharded job write: the plan and the shards. */
export async function writeShards(
  out: string,
  job: ShardedJob,
  shardSize: number,
): Promise<ShardPlan> {
  const items = job.images.length;
  const plan: ShardPlan = {
    ...{ version: 1, job: job.job ?? "label", settings: { job: "test" }, masks: job.options },
    ...{ classes, items, shardSize, tasks: 2 },
    ...(job.job === "convert" && {
      facts: { masks: "masks", from: "coco", hasImages: true, notes: [], opened: [] },
    }),
  };
  await mkdir(join(out, "shards"), { recursive: true });
  writeFileSync(planFile(out), JSON.stringify(plan));
  const all = named(job);
  for (let shard = 0; shard < shardCount(plan); shard++) {
    const open = openShardFolder(out, shard);
    const own = all.slice(shard * shardSize, (shard + 1) * shardSize);
    const settings = { shard };
    const folder = await MaskFolder.create(nodeHost, open, classes, {
      ...job.options,
      settings,
    });
    for (const image of own.filter(({ error }) => error === undefined)) {
      const { confidence, tags, missing, file } = image;
      const masks = { file: relative(out, file), confidence, tags, missing };
      const read = [["read", image.name, 1], ["shown", image.name, 1]]; // prettier-ignore
      const converted = { name: image.name, read, labels: [[0, 1]] };
      await write(folder, image, job.job === "convert" ? converted : masks);
    }
    await folder.finish();
    const { images: finished } = await readJournal(
      nodeHost.store,
      UnfinishedJob.folderOf({ path: open, single: false }),
    );
    const records = own.map(({ index, error = "" }): ShardRecord => {
      const image = finished.get(index);
      if (!image) return { index, error };
      const { thumbnail, own: facts, size, ledger } = asKeptFacts(image.facts)!;
      const small = thumbnail && { ...thumbnail, file: relative(open, thumbnail.file) };
      const { name, files } = image;
      return { index, name, files, size, ledger, ...(small && { thumbnail: small }), facts };
    });
    writeFileSync(join(open, recordsName), records.map(recordText).join(""));
    await folder.complete([join(open, recordsName)]);
    renameSync(open, shardFolder(out, shard));
  }
  return plan;
}

/** The content of all files below a folder, hidden ones included. */
export function contents(folder: string): Record<string, string> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  return Object.fromEntries(
    found.map((path) => [path, readFileSync(join(folder, path)).toString("latin1")]),
  );
}

/** A copy of a folder. */
export function copyOf(folder: string, to: string): string {
  cpSync(folder, to, { recursive: true });
  return to;
}
