import type { PackedLists } from "./tag-lists.ts";
import type { PackedTexts } from "./text-column.ts";

/**
 * The images of a data set by id, in columns that a thread can hand over and a file can hold. An id keeps its image as long as a
 * server runs: new images get new ids, and those of images that are gone stay unused.
 */
export interface IndexColumns {
  /** Paths from the data folder. */
  readonly files: PackedTexts;
  /** The same in lower case and composed letters, to search in. */
  readonly folded: PackedTexts;
  /** Letters at the beginning of each path that its image's name does not have. */
  readonly nameStarts: Uint16Array;
  /** The lot of each image, see review/queue.ts, which is a hash of its name. */
  readonly lots: Uint32Array;
  /** Hash table of the names, see name-lookup.ts. */
  readonly nameTable: Uint32Array;
  /** For each image the number of its tags in `tagLists`. */
  readonly tagList: Uint32Array;
  /** The tags of images, each list once; the first stands for tags that are not known. */
  readonly tagLists: PackedLists;
  /** Index in `splits`. */
  readonly split: Uint16Array;
  /** Ids of the images that are there, in the order of their paths. */
  readonly order: Uint32Array;
  /** What is known of the content; 0 where it was not looked at yet. */
  readonly version: Uint32Array;
  readonly width: Uint32Array;
  readonly height: Uint32Array;
}

/** What else is known of a data set. */
export interface IndexHead {
  readonly format: string;
  readonly classes: readonly string[];
  /** The file that lists the classes, from the data folder; null if the tags are all there is. */
  readonly classesFile: string | null;
  readonly splits: readonly string[];
  /** Names that do not follow from the path, because another image has them already. */
  readonly otherNames: readonly (readonly [id: number, name: string])[];
  /** Why tags cannot be changed here; null if they can. */
  readonly tagsFixed: string | null;
  /** The tags file, from the data folder; null without one. */
  readonly tagsFile: string | null;
  /** The folder of the images that the tags file names, from the data folder; empty for the data folder itself. */
  readonly imageFolder: string;
  readonly problems: readonly DataProblem[];
  /** Problems of single images. */
  readonly imageProblems: readonly (readonly [id: number, problems: readonly string[]])[];
}

export interface DataProblem {
  readonly severity: "error" | "warning";
  readonly message: string;
}

export interface BuiltIndex {
  readonly head: IndexHead;
  readonly columns: IndexColumns;
}

/** A text as it is searched for. */
export function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}
