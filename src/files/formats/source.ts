import type { InstanceKind } from "../../method/images/regions.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { BoxRule, UnannotatedRule } from "./boxes.ts";
import type { MaskFormat } from "./formats.ts";
import type { LostDetails } from "./lost-details.ts";
import type { ImageFiles } from "./image-files.ts";

/** One mask of a source; its pixels are in memory only after `read`. */
export interface MaskEntry {
  /** The image's name without ending; may have subfolders. */
  readonly name: string;
  /** The image's name with its ending, in formats that store it. */
  readonly fileName?: string;
  /** The image file, if it was found. */
  readonly image?: string;
  /** Prefix of messages about this mask. */
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
  /** Class names in label order, instead of those stored with the masks. */
  readonly classes?: readonly string[];
  /** Whether the names passed in began with that of the background, which has an id of its own then. */
  readonly namesBackground?: boolean;
  /** Whether PNGs have 0 and 255 alone, and 255 is the one class. */
  readonly binary?: boolean;
  /** The images, for formats that need their sizes or hold copies of them. */
  readonly images: ImageFiles;
  /** The unit of an object in the output; the details that are lost in reading depend on it. */
  readonly instances: InstanceKind;
  /** Treatment of objects of which only the box is known; `ignore` by default. */
  readonly boxes?: BoxRule;
  /** Treatment of images without any annotation, in formats that list images; `leave-out` by default. */
  readonly unannotated?: UnannotatedRule;
  readonly losses: LostDetails;
  /** Takes sentences about how the source was understood, such as classes that were renamed. */
  readonly tell?: (note: string) => void;
}
