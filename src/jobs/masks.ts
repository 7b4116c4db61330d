import type { LostDetail } from "../files/formats/lost-details.ts";
import type { MaskFolder, MaskOrigin, WrittenMask } from "../files/formats/mask-folder.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import {
  confidenceFile,
  confidenceHead,
  confidenceLine,
} from "../files/report/confidence-table.ts";
import { writeContactSheet } from "../files/report/contact-sheet.ts";
import { inReviewOrder } from "../files/report/review-order.ts";
import type { ShardSkip } from "../files/shards/records.ts";
import { writeRecords } from "../files/shards/write-records.ts";
import type { ImageCodec, ImageSource } from "../host/codec.ts";
import type { FileHost } from "../host/host.ts";
import { overlap, type Work } from "../method/eval/overlap.ts";
import type { Image, LabelMap } from "../method/images/image.ts";
import { resizeLabels } from "../method/images/resize-labels.ts";
import { tagsNotShown } from "../method/inference/known-tags.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import { UserError } from "../user-error.ts";
import {
  isAbort,
  reports,
  type JobOptions,
  type SkippedEvent,
  type StoppedEvent,
} from "./events.ts";

/** An image to write a mask of. */
export interface MaskItem {
  /** Name of its mask, without ending. */
  readonly name: string;
  readonly file: string;
}

export interface MaskJob<T extends MaskItem> {
  readonly items: readonly T[];
  readonly folder: MaskFolder;
  /** Computes the mask of an image. */
  readonly segment: (image: Image, item: T) => Promise<Segmentation>;
  /** Fail on the first image that cannot be used instead of leaving it out. */
  readonly strict: boolean;
  /** Images that may be begun before the first of them is finished, where other threads do part of the work. */
  readonly ahead?: number;
  /** The items are a part of those of a job: its tables and pages are made of all parts later. */
  readonly part?: JobPart;
}

/** A part of the images of a job. */
export interface JobPart {
  /** Number of its first image among those of the job. */
  readonly first: number;
  /** The path of an image as it is stored for the other parts. */
  readonly storedPath: (file: string) => string;
}

/** The masks of a part of a job have been written. */
export interface PartDoneEvent {
  readonly type: "part-done";
  readonly masks: number;
  readonly skipped: number;
}

/** A mask that has been written. */
export interface MaskEvent extends WrittenMask {
  readonly type: "image";
  /** Number of the image, from 0, out of `of`. */
  readonly index: number;
  readonly of: number;
  readonly file: string;
  readonly confidence: number;
  /** Names of the classes in the image. */
  readonly tags: readonly string[];
  /** Those of the tags that no pixel of the mask shows. */
  readonly missing: readonly string[];
  /** Whether an earlier part of the job computed the mask. */
  readonly kept?: boolean;
}

/** All masks have been written. */
export interface MasksDoneEvent {
  readonly type: "done";
  /** The folder, or the one file, of the masks. */
  readonly out: string;
  /** The file with the class names. */
  readonly classes: string;
  readonly masks: number;
  readonly skipped: number;
  /** Names of the images with a tag that no pixel of their mask shows, the least sure first. */
  readonly lacking: readonly string[];
  /** Details that the formats could not hold. */
  readonly lost: readonly LostDetail[];
  /** The table of confidences, and the page of the least sure masks unless it was turned off or there are no pictures. */
  readonly confidence: string;
  readonly sheet?: string;
  /** What became of the files of earlier jobs in the folder. */
  readonly replaced: Replaced;
}

export type WriteMasksEvent =
  | { readonly type: "started"; readonly of: number }
  | MaskEvent
  | SkippedEvent
  /** Number of masks on the contact sheet so far. */
  | { readonly type: "sheet"; readonly done: number; readonly total: number }
  | (StoppedEvent & { readonly out: string; readonly kept: number })
  | PartDoneEvent
  | MasksDoneEvent;

/**
 * Writes the masks of images one after the other, then their confidences. Images that cannot be read, or are too large for the
 * network or the memory, are left out. A job that fails or is stopped keeps its finished images if its folder has settings, so that it can be continued.
 */
export async function* writeMasks<T extends MaskItem>(
  host: FileHost,
  job: MaskJob<T>,
  options: JobOptions = {},
): AsyncGenerator<WriteMasksEvent, void> {
  const { folder, items, part } = job;
  const masks: MaskEvent[] = [];
  const skipped: ShardSkip[] = [];
  let classes: string;
  let confidence: string;
  let sheet: string | undefined;
  let replaced: Replaced;
  let isSettled = false;
  try {
    yield { type: "started", of: items.length };
    for await (const event of writeEach(host, job, options)) {
      if (event.type === "image") masks.push(event);
      else skipped.push({ index: event.index + (part?.first ?? 0), error: event.message });
      yield event;
    }
    const done = masks.length + skipped.length;
    if (done < items.length) {
      let kept = 0;
      if (folder.canContinue) kept = await folder.stop();
      // A format that is one file has nothing complete to keep.
      else await folder.abandon();
      isSettled = true;
      yield { type: "stopped", done, total: items.length, out: folder.path, kept };
      return;
    }
    if (masks.length === 0 && !part) {
      const [first] = skipped;
      throw new UserError(`${first?.error}; none of the ${items.length} images can be used`);
    }
    classes = await folder.finish();
    if (part) {
      const { first, storedPath } = part;
      const factsOf = (facts: unknown, index: number): StoredFacts => ({
        file: storedPath(items[index - first]!.file),
        ...(facts as Facts),
      });
      await folder.complete([await writeRecords(host.store, folder, skipped, factsOf)]);
      isSettled = true;
      yield { type: "part-done", masks: masks.length, skipped: skipped.length };
      return;
    }
    confidence = await writeConfidence(host, folder, masks);
    const written = [confidence];
    sheet = yield* writeSheet(host, folder, masks, written);
    replaced = await folder.complete(written);
    isSettled = true;
  } catch (error) {
    const kept = isSettled ? 0 : await folder.stopAfterFailure();
    isSettled = true;
    throw part ? error : unfinished(error, kept, items.length);
  } finally {
    // The consumer leaves.
    if (!isSettled) await (folder.canContinue ? folder.stop() : folder.abandon());
  }
  yield {
    type: "done",
    out: folder.path,
    classes,
    masks: masks.length,
    skipped: skipped.length,
    lacking: inReviewOrder(masks).flatMap(({ name, missing }) =>
      missing.length > 0 ? [name] : [],
    ),
    lost: folder.losses(),
    confidence,
    ...(sheet !== undefined && { sheet }),
    replaced,
  };
}

/** The error that stopped a job, with what is kept and how to go on. */
export function unfinished(error: unknown, kept: number, total: number): unknown {
  if (kept === 0 || !(error instanceof UserError)) return error;
  return new UserError(`${error.message}; ${kept} of ${total} images are finished and kept`, {
    cause: error,
    code: error.code,
    remedies: [
      ...error.remedies,
      { kind: "option", name: "resume", purpose: "goes on with the rest" },
    ],
  });
}

async function* writeEach<T extends MaskItem>(
  host: FileHost,
  job: MaskJob<T>,
  { signal }: JobOptions,
): AsyncGenerator<MaskEvent | (SkippedEvent & { readonly index: number })> {
  const { items, folder, strict, ahead = 0, part } = job;
  const of = items.length;
  const first = part?.first ?? 0;
  let index = 0;
  for await (const next of overlap(segmentEach(host, job, signal), ahead)) {
    const { name, file } = next.item;
    const about = { type: "image", index, of, file } as const;
    let outcome: Outcome<T> | undefined = "finished" in next ? undefined : next;
    if (!outcome) {
      const kept = await folder.takeOver(
        name,
        (facts) => (isFacts(facts) ? originOf(file, facts) : undefined),
        first + index,
      );
      if (kept) {
        const { facts, ...files } = kept;
        yield { ...about, ...files, ...(facts as Facts), kept: true };
      } else {
        // Its files were changed or lost.
        outcome = await segmentOne(job, next.item, host.codec.decode(file, reading));
      }
    }
    if (outcome && "error" in outcome) {
      const { error } = outcome;
      // The image was under way to be read, and is none that is left out.
      if (isAbort(error, signal)) return;
      const isOnly = of === 1 && !part;
      if (strict || isOnly || !(error instanceof UserError)) throw error;
      yield { type: "skipped", index, file, message: error.message };
    } else if (outcome) {
      const { image, result } = outcome;
      const names = (tags: readonly number[]): string[] => tags.map((tag) => result.classes[tag]!);
      const [tags, missing] = [names(result.tags), names(tagsNotShown(result, result.tags))];
      const facts: Facts = { confidence: result.confidence, tags, missing };
      const kept = { index: first + index, facts, storesLabels: true };
      const origin = { ...originOf(file, facts), ...kept };
      const labels = await atFullSize(host.codec, file, result);
      const files = await folder.write(name, labels, image, origin);
      yield { ...about, ...files, ...facts };
    }
    index++;
  }
}

/**
 * Longer side of the images that masks of large ones are made of: that at which class activations are refined, and more than
 * the network sees.
 */
export const largestSide = 2048;
const reading = { largeSide: largestSide } as const;

/** Labels of an image in its own size, if it was made smaller to be read. */
export async function atFullSize(
  codec: ImageCodec,
  file: ImageSource,
  labels: LabelMap,
): Promise<LabelMap> {
  if (Math.max(labels.width, labels.height) !== largestSide) return labels;
  const { width, height } = await codec.header(file);
  return width === labels.width && height === labels.height
    ? labels
    : resizeLabels(labels, width, height);
}

/** Facts about a mask that a job keeps for its table and its contact sheet. */
type Facts = Pick<MaskEvent, "confidence" | "tags" | "missing">;

/** The same with the path of the image, as the list of a shard has them. */
export interface StoredFacts extends Facts {
  /** Absolute, or relative to the folder of all masks. */
  readonly file: string;
}

/** Whether a value of the list of a shard, which may be damaged, holds facts with a path. */
export function isStored(value: unknown): value is StoredFacts {
  return isFacts(value) && typeof (value as Partial<StoredFacts>).file === "string";
}

/** Whether a value of a journal, which may be damaged, holds facts. */
function isFacts(value: unknown): value is Facts {
  const { confidence, tags, missing } = (value ?? {}) as Partial<Record<keyof Facts, unknown>>;
  const areTexts = [tags, missing].every(
    (list) => Array.isArray(list) && list.every((item) => typeof item === "string"),
  );
  return typeof confidence === "number" && areTexts;
}

function originOf(source: string, { confidence }: Facts): MaskOrigin {
  return { source, confidence };
}

/** An image with its mask, or the reason why there is none. */
type Outcome<T> =
  | { readonly item: T; readonly image: Image; readonly result: Segmentation }
  | { readonly item: T; readonly error: unknown };

/** An image of which an earlier part of the job has written the mask. */
interface Finished<T> {
  readonly item: T;
  readonly finished: true;
}

/** Begins one image after the other, until the signal is aborted. */
async function* segmentEach<T extends MaskItem>(
  { codec }: FileHost,
  job: MaskJob<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Work<Outcome<T> | Finished<T>>> {
  let previous: Promise<unknown> = Promise.resolve();
  for (const [i, item] of job.items.entries()) {
    if (signal?.aborted) return;
    if (job.folder.hasFinished((job.part?.first ?? 0) + i)) {
      yield { finished: Promise.resolve({ item, finished: true }) };
      continue;
    }
    const image = codec.decode(item.file, reading);
    yield { finished: segmentOne(job, item, image, previous) };
    // Without the values of these promises, which would keep every image in memory.
    previous = Promise.allSettled([previous, image]).then(() => undefined);
  }
}

async function segmentOne<T extends MaskItem>(
  { segment }: MaskJob<T>,
  item: T,
  reading: Promise<Image>,
  previous?: Promise<unknown>,
): Promise<Outcome<T>> {
  let image: Image;
  try {
    image = await reading;
  } catch (error) {
    return { item, error };
  }
  // Images reach the network in order, whichever is read first.
  await previous;
  try {
    return { item, image, result: await segment(image, item) };
  } catch (error) {
    return { item, error: failureOf(item, error) };
  }
}

/** Writes `confidence.csv`, masks that lack a tag first, then the least sure ones; returns its path. */
async function writeConfidence(
  { store }: FileHost,
  folder: MaskFolder,
  masks: readonly MaskEvent[],
): Promise<string> {
  const path = folder.besides(confidenceFile);
  const data = [confidenceHead, ...inReviewOrder(masks).map(confidenceLine)].join("");
  await store.write([{ path, data }]);
  return path;
}

/**
 * Writes the contact sheet if it is wanted and there are pictures for it; returns its path.
 * @param written receives the paths of all files
 */
async function* writeSheet(
  host: FileHost,
  folder: MaskFolder,
  masks: readonly MaskEvent[],
  written: string[],
): AsyncGenerator<WriteMasksEvent, string | undefined> {
  const entries = masks.flatMap(({ file, mask, overlay, ...rest }) => {
    const picture = mask ?? overlay;
    return picture === undefined
      ? []
      : [{ ...rest, file, image: file, mask: picture, ...(overlay !== undefined && { overlay }) }];
  });
  if (!folder.wantsSheet || entries.length === 0) return undefined;
  const { classes } = folder;
  return yield* reports((report) => {
    const onProgress = (done: number, total: number): void =>
      report({ type: "sheet", done, total } as const);
    const onFile = (path: string): void => void written.push(path);
    return writeContactSheet(host, folder.path, entries, { classes, onProgress, onFile });
  });
}

/** A UserError that names the file if the image is at fault (too large, say); faults of the program stay as they are. */
function failureOf({ file }: MaskItem, error: unknown): unknown {
  // Typed arrays and WebAssembly memories beyond the possible size are RangeErrors.
  if (!(error instanceof UserError || error instanceof RangeError)) return error;
  if (error.message.startsWith(`${file}: `)) return error;
  const remedies = error instanceof UserError ? error.remedies : [];
  return new UserError(`${file}: no mask can be made: ${error.message}`, {
    cause: error,
    remedies,
  });
}
