import type { InstanceKind } from "../../method/images/regions.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { DroppedDetails } from "./dropped.ts";

/** One image's mask on its way into a format. */
export interface MaskRecord {
  /** A safe relative path with `/`, without ending, that no other mask of the job has. */
  readonly name: string;
  /** What tools know the image as: a safe relative path with ending. */
  readonly fileName: string;
  readonly labels: LabelMap;
  /** The image file, for formats that hold a copy of it. */
  readonly source?: string;
  /** How sure the mask is, 0..1. */
  readonly confidence?: number;
}

/** Writes masks in one format, an image at a time. */
export interface MaskWriter {
  /** Returns the path of the mask's own PNG, in formats that have such. */
  write(record: MaskRecord): Promise<string | undefined>;
  /** Completes what was written. */
  finish(): Promise<void>;
  /** Takes back files that have no name yet; those that were claimed are their owner's to take back. */
  discard(): Promise<void>;
}

export interface WriterOptions {
  /** Folder that the format's files go to. */
  readonly folder: string;
  /** The file of a format that is one file, instead of its usual name in the folder. */
  readonly file?: string;
  /** Foreground class names; label i + 1 is classes[i]. */
  readonly classes: readonly string[];
  /** What becomes an object where the format knows objects. */
  readonly instances: InstanceKind;
  /** What an image's name begins with in Label Studio. */
  readonly imageUrl: string;
  readonly losses: DroppedDetails;
  /** Told of every file before it is written, so that a failed job can take it back. */
  readonly claim: (path: string) => Promise<void>;
}
