import { classesJson } from "../files/formats/classes-file.ts";
import { fileListText, fileWith, type FinishedFile } from "../files/formats/finished-files.ts";
import { unannotatedCode } from "../files/formats/unannotated.ts";
import { mergedFormat } from "../files/formats/merge.ts";
import type { MaskShard } from "../files/formats/merger.ts";
import { FileTransaction } from "../files/formats/transaction.ts";
import { MergedLosses } from "../files/shards/merged-losses.ts";
import { announced, listRuns, writeMergedList } from "../files/shards/merged-list.ts";
import { planFile, shardFolder, type PlannedMasks, type ShardPlan } from "../files/shards/plan.ts";
import {
  damagedShard,
  readRecords,
  recordsName,
  type ShardImage,
} from "../files/shards/records.ts";
import { toldText } from "../files/shards/stored-text.ts";
import { ShardLinks } from "../files/shards/shard-links.ts";
import { classesName, formatFolder } from "../files/shards/shard-files.ts";
import { formatsOfOneFile, writeShardIndex } from "../files/shards/shard-index.ts";
import type { SortedRuns } from "../files/text/merge-sorted.ts";
import { join, relative } from "../files/text/path.ts";
import type { FileHost } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import { UserError } from "../user-error.ts";
import {
  asPlannedConversion,
  asReadFacts,
  ConversionTotals,
  type PlannedConversion,
  type ReadFacts,
} from "./conversion-totals.ts";
import { checkShards } from "./check-shards.ts";
import { filesOf, imagesOf, type MaskMerge } from "./mask-merge.ts";
import type { DamagedShardsEvent, MergedMasks, MergeProgressEvent } from "./merge-events.ts";
import {
  asReviewedMask,
  reviewLines,
  reviewRuns,
  writeReview,
  type Pictures,
  type Review,
  type ReviewedMask,
} from "./merge-review.ts";

/** Most reasons for images that were left out that are told. */
const mostReasons = 5;

/** What the images of all shards have told. */
class Totals {
  masks = 0;
  skipped = 0;
  readonly leftOut: string[] = [];
  readonly withoutMasks: number[] = [];
  readonly parts: MaskShard[] = [];
  /** Losses of writing masks. */
  readonly losses = new MergedLosses();

  /** @param read what reading masks told, which only conversions have */
  constructor(readonly read?: ConversionTotals) {}
}

/** Makes the files that the job would have written without shards; the last one is `classes.json`. */
export async function* mergeMasks(
  host: FileHost,
  merge: MaskMerge,
): AsyncGenerator<MergeProgressEvent | DamagedShardsEvent, MergedMasks> {
  const { store } = host;
  const { out, plan, temporary, signal, hasClasses = true } = merge;
  const converted = isConversion(plan) ? conversionOf(out, plan) : undefined;
  const files = await FileTransaction.begin(store, out);
  const classes = join(out, classesName);
  // An earlier list would make the folder look complete.
  await store.remove(classes);
  const ofShards = await listRuns(store, join(temporary, "shards"));
  const list = await listRuns(store, join(temporary, "files"));
  const isReviewed = reviewedJobs.includes(plan.job);
  const review = isReviewed ? await reviewRuns(store, join(temporary, "review")) : undefined;
  try {
    yield* checkShards(store, merge, ofShards, (folder, record) => {
      if (isReviewed) reviewedMask(folder, record);
      if (converted) readFacts(folder, record);
    });
    signal?.throwIfAborted();
    await list.add(announced(store, out, ofShards.merged()));
    const read = converted && new ConversionTotals(converted.opened);
    const totals = new Totals(read);
    yield* takeShards(store, merge, totals, review);
    const { masks, skipped, leftOut, withoutMasks, losses, parts } = totals;
    if (masks === 0) {
      throw new UserError(`${leftOut[0] ?? out}; none of the ${skipped} images can be used`);
    }
    const index = yield* mergeFormats(store, merge, parts, files);
    const pictures = picturesOf(merge.masks);
    const about = { total: masks, classes: plan.classes, pictures, signal };
    const reviewed = review && (yield* writeReview(host, out, review.merged(), about));
    const { files: pages = [], ...results } = reviewed ?? nothing;
    const text = classesJson(plan.classes);
    const whole = [...files.takeWritten(), ...(hasClasses ? [fileWith(classesName, text)] : [])];
    for (const path of pages) {
      whole.push({ path: relative(out, path), size: (await store.stat(path))!.size });
    }
    await list.add(linesOf(whole));
    signal?.throwIfAborted();
    const replaced = await writeMergedList(store, out, list.merged());
    if (hasClasses) await store.write([{ path: classes, data: text }]);
    return {
      ...{ out, classes, masks, skipped, leftOut, withoutMasks, ...results, replaced },
      lost: [...(read?.lost() ?? []), ...losses.list()],
      ...(converted && read && { conversion: toldOf(converted, read, merge) }),
      ...(index && { index }),
    };
  } finally {
    for (const runs of [ofShards, list, review]) await runs?.discard().catch(() => undefined);
  }
}

/** The results of a review of masks without confidences. */
const nothing: Omit<Review, "confidence" | "files"> & { readonly files?: readonly string[] } = {
  lacking: [],
  lackingInAll: 0,
};

/** Jobs whose masks have confidences, by which they are reviewed. */
const reviewedJobs: readonly string[] = ["label", "segment"];

/** Whether the masks of a job come from others. */
function isConversion({ job }: ShardPlan): boolean {
  return job === "convert";
}

/** The source of a conversion; a UserError if the plan does not tell it. */
function conversionOf(out: string, { facts }: ShardPlan): PlannedConversion {
  const conversion = asPlannedConversion(facts);
  if (conversion) return conversion;
  throw new UserError(`${planFile(out)}: is damaged, it does not say what is converted`);
}

/** What the conversion would have told without shards, besides its files. */
function toldOf(
  { masks, from, hasImages, notes }: PlannedConversion,
  read: ConversionTotals,
  { out, plan: { classes, masks: { format: to = [] } = {} } }: MaskMerge,
): NonNullable<MergedMasks["conversion"]> {
  const warnings = read.warnings(toldText(masks, out), from, classes);
  const told = notes.map((note) => toldText(note, out));
  return { from, to, hasImages, objects: read.objects, notes: told, warnings };
}

/** Takes the shards one after the other: links the files of their images, and notes what the rest needs of them. */
async function* takeShards(
  store: Store,
  merge: MaskMerge,
  totals: Totals,
  review: SortedRuns<ReviewedMask> | undefined,
): AsyncGenerator<MergeProgressEvent, void> {
  const { out, shards, taken } = merge;
  const total = imagesOf(merge);
  for (const shard of shards) {
    const before = totals.masks;
    const problems = yield* takeImages(store, merge, shard, totals, { review, total });
    const images = totals.masks - before;
    if (images === 0 && problems > 0) totals.withoutMasks.push(shard);
    totals.parts.push({ folder: shardFolder(out, shard), images });
    yield { type: "progress", stage: "images", done: taken.images, total };
  }
}

/** Takes the images of a shard; returns the number of those that could not be used. */
async function* takeImages(
  store: Store,
  { out, taken, signal }: MaskMerge,
  shard: number,
  totals: Totals,
  about: { readonly review: SortedRuns<ReviewedMask> | undefined; readonly total: number },
): AsyncGenerator<MergeProgressEvent, number> {
  const { review, total } = about;
  const folder = shardFolder(out, shard);
  const links = new ShardLinks(store, folder, out);
  const reviewed: ReviewedMask[] = [];
  let problems = 0;
  for await (const record of readRecords(store, folder)) {
    signal?.throwIfAborted();
    taken.images++;
    if ("error" in record) {
      if (totals.skipped++ < mostReasons) totals.leftOut.push(record.error);
      totals.read?.leaveOut(record.code);
      if (record.code !== unannotatedCode) problems++;
      continue;
    }
    totals.masks++;
    totals.losses.add(record.ledger);
    await links.add(filesOf(record));
    if (review) reviewed.push(reviewedMask(folder, record));
    totals.read?.add(readFacts(folder, record));
    if (taken.images % imagesBetweenEvents === 0) {
      yield { type: "progress", stage: "images", done: taken.images, total };
    }
  }
  await links.flush();
  await review?.add(reviewLines(reviewed));
  return problems;
}

/** Images between two reports. */
const imagesBetweenEvents = 100;

function reviewedMask(folder: string, record: ShardImage): ReviewedMask {
  const mask = asReviewedMask(record);
  if (mask) return mask;
  throw damagedShard(folder, `${recordsName} has no facts of image ${record.index}`);
}

function readFacts(folder: string, { index, facts }: ShardImage): ReadFacts {
  const known = asReadFacts(facts);
  if (known) return known;
  throw damagedShard(folder, `${recordsName} has no facts of image ${index}`);
}

/** Makes the files of each format; returns the formats that are left in the shards. */
async function* mergeFormats(
  store: Store,
  { out, plan, masks, mostInOneFile, signal }: MaskMerge,
  shards: readonly MaskShard[],
  files: FileTransaction,
): AsyncGenerator<MergeProgressEvent, MergedMasks["index"]> {
  const { format: formats = ["voc"], layout = "masks" } = masks;
  const images = shards.reduce((sum, shard) => sum + shard.images, 0);
  const left = images > mostInOneFile ? formatsOfOneFile(formats) : [];
  for (const format of formats) {
    const { merge } = mergedFormat(format, layout);
    if (!merge || left.includes(format)) continue;
    const inside = formatFolder(formats, format);
    const folder = join(out, inside);
    const options = { store, folder, inside, classes: plan.classes, layout, shards, files };
    let done = 0;
    for await (const step of merge(options)) {
      void step;
      signal?.throwIfAborted();
      yield { type: "progress", stage: format, done: ++done, total: shards.length };
    }
  }
  if (left.length === 0) return undefined;
  const file = await writeShardIndex(store, out, shards, { formats: left, of: formats }, files);
  return { formats: left, file };
}

function picturesOf({
  format: formats = ["voc"],
  layout = "masks",
  ...masks
}: PlannedMasks): Pictures {
  const { overlays = true, sheet = false } = masks;
  for (const format of formats) {
    const { maskOf } = mergedFormat(format, layout);
    const folder = formatFolder(formats, format);
    if (maskOf) return { maskOf: (name) => join(folder, maskOf(name)), overlays, sheet };
  }
  return { overlays, sheet };
}

function linesOf(files: readonly FinishedFile[]): string[] {
  return fileListText(files).split("\n").slice(0, -1);
}
