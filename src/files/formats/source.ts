import type { InstanceKind } from "../../method/images/regions.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { MaskFormat } from "./formats.ts";
import type { DroppedDetails } from "./dropped.ts";
import type { ImageFiles } from "./image-files.ts";

/** One mask of a source; nothing of its pixels is in memory until it is read. */
export interface MaskEntry {
  /** What the image is called, without ending; may have sub-folders. */
  readonly name: string;
  /** The image's name with its ending, where the format has it. */
  readonly fileName?: string;
  /** The image file, where it is there. */
  readonly image?: string;
  /** Begins messages about this mask. */
  readonly where: string;
  read(): Promise<LabelMap>;
}

/** Masks on disk in some format. */
export interface MaskSource {
  readonly format: MaskFormat;
  /** Foreground class names; label i + 1 is classes[i]. */
  readonly classes: readonly string[];
  readonly entries: readonly MaskEntry[];
  close(): Promise<void>;
}

export interface SourceOptions {
  /** Class names in label order, instead of what is found with the masks. */
  readonly classes?: readonly string[];
  /** Where the images are, for formats that need their sizes or hold them. */
  readonly images: ImageFiles;
  /** How objects are told apart in what is written: what reading cannot keep depends on it. */
  readonly instances: InstanceKind;
  readonly losses: DroppedDetails;
}
