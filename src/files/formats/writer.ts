import type { InstanceKind, Regions } from "../../method/images/regions.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { CocoShape, MaskLayout } from "./formats.ts";
import type { LostDetails } from "./lost-details.ts";
import type { FileTransaction } from "./transaction.ts";

/** The mask of one image, to be written. */
export interface MaskRecord {
  /** A safe relative path with `/`, without ending, that no other mask of the job has. */
  readonly name: string;
  /** The image's name for other tools: a safe relative path with ending. */
  readonly fileName: string;
  /** Number of the image among all of the job, from 1. Without it, formats that number images count those that they get. */
  readonly number?: number;
  readonly labels: LabelMap;
  /** The objects of the labels; found once for all formats. */
  regions(kind: InstanceKind): Regions;
  /** The image file, for formats that hold a copy of it. */
  readonly source?: string;
  /** Confidence of the mask, 0..1. */
  readonly confidence?: number;
  /** Whether the image's own files are on disk already, from an earlier part of the job. */
  readonly kept?: boolean;
}

/** An image whose own files are all on disk already, from an earlier part of the job. */
export interface KeptRecord extends Pick<MaskRecord, "name" | "fileName"> {
  readonly width: number;
  readonly height: number;
}

/** Writes masks in one format, an image at a time. */
export interface MaskWriter {
  /** Returns the path of the mask's own PNG, in formats that have one. */
  write(record: MaskRecord): Promise<string | undefined>;
  /** Takes over an image without its labels; absent in formats whose one file has to be written from all labels. */
  keep?(record: KeptRecord): Promise<string | undefined>;
  /** Completes the files that hold several masks. */
  finish(): Promise<void>;
  /** Removes unfinished files; finished ones are left to the transaction. */
  discard(): Promise<void>;
}

export interface WriterOptions {
  /** Folder of the format's files. */
  readonly folder: string;
  /** The file of a format that is one file, instead of its usual name in the folder. */
  readonly file?: string;
  /** Foreground class names; label i + 1 is classes[i]. */
  readonly classes: readonly string[];
  /** The unit that becomes an object in formats that have objects. */
  readonly instances: InstanceKind;
  /** Prefix of image names in Label Studio. */
  readonly imageUrl: string;
  /** Outlines of objects in COCO. */
  readonly shapes: CocoShape;
  /** Tree of palette PNGs. */
  readonly layout: MaskLayout;
  readonly losses: LostDetails;
  /** The files of the job. */
  readonly files: FileTransaction;
}

/** A thumbnail on disk. */
export interface ThumbnailFile {
  readonly file: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** Longer side of a thumbnail, in pixels. */
export const thumbnailSide = 288;

/** Folder of the thumbnails, inside that of the masks. */
export const thumbnailFolder = "thumbnails";

/** Whether a value of a journal, which may be damaged, is the file of a thumbnail. */
export function isThumbnail(value: unknown): value is ThumbnailFile {
  const { file, width, height } = (value ?? {}) as Partial<Record<keyof ThumbnailFile, unknown>>;
  return typeof file === "string" && [width, height].every(Number.isSafeInteger);
}
