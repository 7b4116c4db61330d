import type { Image } from "../method/images/image.ts";
import { overlap, type Begun } from "../method/eval/overlap.ts";
import { nodeHost } from "../host/node/host.ts";
import { UserError } from "../user-error.ts";
import { csvField } from "../files/text/csv.ts";
import type { MaskFolder, WrittenMask } from "../files/formats/mask-folder.ts";
import { CountMeter } from "../cli/progress.ts";
import type { Segmentation } from "../method/inference/segmenter.ts";
import { counted } from "../files/text/units.ts";
import { Interrupted } from "../cli/failure.ts";
import { interruptible } from "../cli/interrupt.ts";
import type { Output } from "../cli/output.ts";

/** An image to make a mask of. */
export interface MaskItem {
  /** What its mask is called, without ending. */
  readonly name: string;
  readonly file: string;
}

export interface MaskJob<T extends MaskItem> {
  readonly items: readonly T[];
  readonly folder: MaskFolder;
  readonly make: (image: Image, item: T) => Promise<Segmentation>;
  /** Fail on the first image that cannot be used instead of leaving it out. */
  readonly strict: boolean;
  /** Images that may be begun before one is finished, where part of the work is done elsewhere. */
  readonly ahead?: number;
}

/** What is known of a mask that was written. */
interface DoneMask extends MaskItem, WrittenMask {
  readonly confidence: number;
  readonly tags: readonly string[];
}

/**
 * Writes the masks of images, one after the other, then how sure they are. Images that cannot be read, or
 * are too much for the network or the memory, are named and left out; a job that fails takes back what it
 * wrote.
 */
export async function writeMasks<T extends MaskItem>(
  job: MaskJob<T>,
  output: Output,
): Promise<void> {
  const { folder, items } = job;
  const started = output.now();
  const skipped: string[] = [];
  let done: DoneMask[];
  let classes: string;
  try {
    done = await interruptible(
      (signal) => writeEach(job, output, skipped, signal),
      () => output.note("finishing the image under way"),
    );
    output.progress.clear();
    if (done.length === 0)
      throw new UserError(`${skipped[0]}; and none of the ${items.length} images can be used`);
    classes = await folder.finish();
  } catch (error) {
    // Whoever stops a job keeps what it has; of a format that is one file there is nothing yet.
    if (error instanceof Interrupted) await folder.abandon();
    else await folder.discard();
    throw error;
  }
  const review = await writeReview(folder, done, output);
  const seconds = Number(((output.now() - started) / 1000).toFixed(1));
  const left = skipped.length > 0 ? `, ${skipped.length} left out` : "";
  const lost = folder.losses();
  output.say(
    `${counted(done.length, "mask")} in ${seconds} s${left}: ${folder.path} (labels: ${classes})`,
  );
  for (const { what, images } of lost) output.say(`in ${images} of ${done.length}: ${what}`);
  if (review.sheet !== undefined) output.say(`least sure first: ${review.sheet}`);
  const counts = { masks: done.length, skipped: skipped.length };
  output.record({ out: folder.path, classes, ...counts, lost, ...review, seconds });
}

async function writeEach<T extends MaskItem>(
  { items, folder, make, strict, ahead = 0 }: MaskJob<T>,
  output: Output,
  skipped: string[],
  signal: AbortSignal,
): Promise<DoneMask[]> {
  const meter = new CountMeter("masks", () => output.now());
  const done: DoneMask[] = [];
  let i = 0;
  for await (const made of overlap(makeEach(items, make, signal), ahead)) {
    i++;
    const { item } = made;
    if ("error" in made) {
      const { error } = made;
      if (strict || items.length === 1 || !(error instanceof UserError)) throw error;
      skipped.push(error.message);
      output.note(`left out ${error.message}`);
      output.record({ image: item.file, error: error.message });
      continue;
    }
    const { image, result } = made;
    const { confidence } = result;
    const origin = { source: item.file, confidence };
    const { thumbnail, ...files } = await folder.write(item.name, result, image, origin);
    const tags = result.tags.map((tag) => result.classes[tag]!);
    const small = thumbnail && { thumbnail };
    done.push({ name: item.name, file: item.file, ...files, ...small, confidence, tags });
    output.record({ image: item.file, ...files, confidence, tags });
    output.progress.update(meter.read(i, items.length));
  }
  if (i < items.length) {
    throw new Interrupted(
      `stopped after ${i} of ${items.length} images; ${folder.path} is not complete`,
    );
  }
  return done;
}

/** An image with its mask, or why there is none. */
type MadeMask<T> =
  | { readonly item: T; readonly image: Image; readonly result: Segmentation }
  | { readonly item: T; readonly error: unknown };

/** Begins one image after the other, until it is told to stop. */
async function* makeEach<T extends MaskItem>(
  items: readonly T[],
  make: MaskJob<T>["make"],
  signal: AbortSignal,
): AsyncGenerator<Begun<MadeMask<T>>> {
  const { readImage } = await import("../host/node/images/images.ts");
  const makeOne = async (
    item: T,
    reading: Promise<Image>,
    before: Promise<unknown>,
  ): Promise<MadeMask<T>> => {
    let image: Image;
    try {
      image = await reading;
    } catch (error) {
      return { item, error };
    }
    // In their order to the network, whichever is read first: so they are wanted.
    await before;
    try {
      return { item, image, result: await make(image, item) };
    } catch (error) {
      return { item, error: failureOf(item, error) };
    }
  };
  let before: Promise<unknown> = Promise.resolve();
  for (const item of items) {
    if (signal.aborted) return;
    const reading = readImage(item.file);
    yield { finished: makeOne(item, reading, before) };
    // Without their values, which would keep every image.
    before = Promise.allSettled([before, reading]).then(() => undefined);
  }
}

/** For review: `confidence.csv`, and the contact sheet if it is wanted and there are pictures for it. */
async function writeReview(
  folder: MaskFolder,
  done: readonly DoneMask[],
  output: Output,
): Promise<{ confidence: string; sheet?: string }> {
  const { writeFileAtomic } = await import("../host/node/files/atomic-file.ts");
  const sorted = [...done].sort((a, b) => a.confidence - b.confidence);
  const lines = sorted.map(({ name, confidence, tags }) =>
    [name, confidence.toFixed(4), tags.join(";")]
      .map((field) => csvField(noFormula(field)))
      .join(","),
  );
  const confidence = folder.besides("confidence.csv");
  await writeFileAtomic(confidence, `${["name,confidence,tags", ...lines].join("\n")}\n`);
  const entries = done.flatMap((one) => {
    const picture = one.mask ?? one.overlay;
    return picture === undefined ? [] : [{ ...one, image: one.file, mask: picture }];
  });
  if (!folder.wantsSheet || entries.length === 0) return { confidence };
  const { writeContactSheet } = await import("../files/report/write-contact-sheet.ts");
  const { classes } = folder;
  const meter = new CountMeter("contact sheet", () => output.now());
  const onProgress = (i: number, total: number): void => {
    output.progress.update(meter.read(i, total));
  };
  const sheet = await writeContactSheet(nodeHost, folder.path, entries, { classes, onProgress });
  output.progress.clear();
  return { confidence, sheet };
}

/** What a spreadsheet would take for a formula becomes text. */
function noFormula(text: string): string {
  return /^[=+@\t]/.test(text) ? `'${text}` : text;
}

/** A UserError naming the file, if it is the image that is too much and not the program that is wrong. */
function failureOf({ file }: MaskItem, error: unknown): unknown {
  // Typed arrays and WebAssembly memories beyond what there can be are RangeErrors.
  if (!(error instanceof UserError || error instanceof RangeError)) return error;
  const message = `${file}: no mask can be made: ${error.message}`;
  return error.message.startsWith(`${file}: `) ? error : new UserError(message, { cause: error });
}
