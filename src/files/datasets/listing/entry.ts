import { join } from "../../text/path.ts";

/** An image as a layout lists it, before its file is checked. */
export interface Entry {
  /** File name for messages, the end of `place`; without its ending it becomes the name of the sample. */
  readonly file: string;
  /** Path of the image from `folder`. */
  readonly place: string;
  /** The folder that was searched. */
  readonly folder: string;
  readonly tags: readonly string[];
  /** Whether the tags are unknown, as in a test split. */
  readonly untagged: boolean;
  readonly split: string | undefined;
  /** Path of the ground-truth mask, or its address for the listing's `readMask`. */
  readonly mask?: string | undefined;
  /** Size of the mask where an annotation states it; otherwise its header is read. */
  readonly maskSize?: Size | undefined;
  /** The file and line that list the image; absent if its own path does, as in class folders. */
  readonly from?: string | undefined;
  readonly line?: number | undefined;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A name, and its number among the names of an `ImageList` if an image has it. */
export interface Named {
  readonly name: string;
  readonly id: number | undefined;
}

/** A line of a list, or an image that its folder puts into a split. */
export interface Listed extends Named {
  readonly split: string;
  readonly from: string;
  readonly line: number | undefined;
}

/** Path of an entry's image, relative if its folder is. */
export function pathOf({ folder, place }: Entry): string {
  return join(folder, place);
}
