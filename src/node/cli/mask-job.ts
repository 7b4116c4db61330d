import type { Image } from "../../data/sample.ts";
import { UserError } from "../../user-error.ts";
import type { MaskFolder } from "../masks/mask-folder.ts";
import { CountMeter } from "../progress.ts";
import type { Segmentation } from "../segmenter.ts";
import { Interrupted } from "./failure.ts";
import { interruptible } from "./interrupt.ts";
import type { Output } from "./output.ts";

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
}

/**
 * Writes the masks of images, one after the other. Images that cannot be read, or are too much for the
 * network or the memory, are named and left out; a job that fails takes back what it wrote.
 */
export async function writeMasks<T extends MaskItem>(
  job: MaskJob<T>,
  output: Output,
): Promise<void> {
  const { folder, items } = job;
  const started = output.now();
  const skipped: string[] = [];
  try {
    const written = await interruptible(
      (signal) => writeEach(job, output, skipped, signal),
      () => output.note("finishing the image under way"),
    );
    output.progress.clear();
    if (written === 0)
      throw new UserError(`${skipped[0]}; and none of the ${items.length} images can be used`);
    const classes = await folder.finish();
    const seconds = Number(((output.now() - started) / 1000).toFixed(1));
    const left = skipped.length > 0 ? `, ${skipped.length} left out` : "";
    output.say(`${written} masks in ${seconds} s${left}: ${folder.path} (labels: ${classes})`);
    output.record({ out: folder.path, classes, masks: written, skipped: skipped.length, seconds });
  } catch (error) {
    if (!(error instanceof Interrupted)) await folder.discard();
    throw error;
  }
}

async function writeEach<T extends MaskItem>(
  { items, folder, make, strict }: MaskJob<T>,
  output: Output,
  skipped: string[],
  signal: AbortSignal,
): Promise<number> {
  const { readImage } = await import("../images.ts");
  const meter = new CountMeter("masks", () => output.now());
  let written = 0;
  for (const [i, item] of items.entries()) {
    if (signal.aborted) {
      throw new Interrupted(
        `stopped after ${i} of ${items.length} images; ${folder.path} is not complete`,
      );
    }
    let image: Image;
    let result: Segmentation;
    try {
      image = await readImage(item.file);
      result = await make(image, item).catch((error: unknown) => {
        throw failureOf(item, error);
      });
    } catch (error) {
      if (strict || items.length === 1 || !(error instanceof UserError)) throw error;
      skipped.push(error.message);
      output.note(`left out ${error.message}`);
      output.record({ image: item.file, error: error.message });
      continue;
    }
    const files = await folder.write(item.name, result, image);
    written++;
    const tags = result.tags.map((tag) => result.classes[tag]);
    output.record({ image: item.file, ...files, tags });
    output.progress.update(meter.read(i + 1, items.length));
  }
  return written;
}

/** A UserError naming the file, if it is the image that is too much and not the program that is wrong. */
function failureOf({ file }: MaskItem, error: unknown): unknown {
  // Typed arrays and WebAssembly memories beyond what there can be are RangeErrors.
  if (!(error instanceof UserError || error instanceof RangeError)) return error;
  const message = `${file}: no mask can be made: ${error.message}`;
  return error.message.startsWith(`${file}: `) ? error : new UserError(message, { cause: error });
}
