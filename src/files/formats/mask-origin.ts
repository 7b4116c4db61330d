import { ignoreIndex, type LabelMap } from "../../method/images/image.ts";
import { areLedgerEntries, type LedgerEntry } from "./lost-details.ts";
import { isThumbnail, type ThumbnailFile } from "./writer.ts";

/** Facts about the image of a mask. */
export interface MaskOrigin {
  /** The image file. */
  readonly source?: string;
  /** The image's name for other tools, if it is not the mask's name with the ending of the file. */
  readonly fileName?: string;
  /** Confidence of the mask, 0..1. */
  readonly confidence?: number;
  /** Number of the image among those of the job, from 0; needed to continue a job, and the base of ids in files. */
  readonly index?: number;
  /** Facts about the image that a job that continues this one is to get back, as JSON can hold them. */
  readonly facts?: unknown;
  /** Whether a job that continues this one gets the labels back even if its formats are one file; costs a PNG until the end. */
  readonly storesLabels?: boolean;
}

/** What a job that continues another needs to know of an image. */
export interface KeptFacts {
  readonly thumbnail?: ThumbnailFile;
  readonly own: unknown;
  readonly size: readonly [width: number, height: number];
  /** What the writers entered into the ledger. */
  readonly ledger: readonly LedgerEntry[];
}

/** The facts of a line of a journal, which may be damaged; undefined if they are none. */
export function asKeptFacts(value: unknown): KeptFacts | undefined {
  const facts = (value ?? {}) as Partial<Record<keyof KeptFacts, unknown>>;
  const { thumbnail, size, ledger } = facts;
  const isSize = Array.isArray(size) && size.length === 2 && size.every(Number.isSafeInteger);
  const areKept = isSize && areLedgerEntries(ledger);
  return areKept && (thumbnail === undefined || isThumbnail(thumbnail))
    ? (facts as KeptFacts)
    : undefined;
}

/** The name of one image's mask and the paths of its files. */
export interface WrittenMask {
  /** Name of the mask in the folder, without ending: that of the image, with a number if another image has it already. */
  readonly name: string;
  /** The mask's own PNG, in formats that have one. */
  readonly mask?: string;
  readonly overlay?: string;
  /** A small version of the overlay, if there will be a contact sheet. */
  readonly thumbnail?: ThumbnailFile;
}

/** Throws a RangeError for labels that are no class, or not as many as there are pixels: a fault of whoever made the mask. */
export function checkLabels(
  name: string,
  { width, height, data }: LabelMap,
  classes: number,
): void {
  if (data.length !== width * height) {
    throw new RangeError(`masks: ${name} is ${width}x${height}, but has ${data.length} labels`);
  }
  // A loop takes a tenth of the time of find(), and every pixel passes here.
  for (let i = 0; i < data.length; i++) {
    const label = data[i]!;
    if (label <= classes || label === ignoreIndex) continue;
    throw new RangeError(`masks: ${name} has label ${label}, but there are ${classes} classes`);
  }
}
