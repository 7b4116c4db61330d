import type { LabelMap } from "../../../method/images/image.ts";
import { pathOf, type Entries, type Entry } from "./entries.ts";

/** Something about a data set that its owner should know. */
export interface Problem {
  /** Errors stop the opening of a data set; with warnings one can go on. */
  readonly severity: "error" | "warning";
  readonly file: string;
  /** From 1, where the file has lines. */
  readonly line?: number;
  readonly message: string;
  /** What the image is left out for: with `strict` that is an error too. */
  readonly leftOut?: boolean;
}

/** Where a statement about an image was made. */
export interface Origin {
  readonly file: string;
  readonly line?: number;
}

/** Where a problem with an entry is to be told. */
export function originOf(entry: Entry): Origin {
  const file = entry.from ?? pathOf(entry);
  return originAt(file, entry.line);
}

/** A place in a file; only the file where the line is not known. */
export function originAt(file: string, line: number | undefined): Origin {
  return line === undefined ? { file } : { file, line };
}

export type LayoutName = "plain" | "class folders" | "voc" | "coco";

/** One line of a tags file. */
export interface TagLine {
  readonly file: string;
  readonly tags: readonly string[];
  readonly split: string | undefined;
  readonly line: number | undefined;
}

/** Takes the lines of a tags file one by one: there may be millions. */
export interface TagTaker {
  take(line: TagLine): void;
  /** What was read of a file that is broken further on counts for nothing. */
  clear(): void;
}

/** What something was read from, and for how many images. */
export interface Source {
  readonly from: string;
  readonly images: number;
}

/** Where a data set with several possible sources has its lists, tags and masks from. */
export interface Sources {
  readonly lists: readonly Source[];
  readonly tags: readonly Source[];
  readonly masks: readonly Source[];
}

/** How far a long reading is: `what` is done, of a total. */
export type OnProgress = (done: number, total: number, what: string) => void;

/** What a layout reader found in a folder. */
export interface Listing {
  readonly format: LayoutName;
  readonly entries: Entries;
  /** Whether no image is listed twice. */
  readonly distinct: boolean;
  /** Classes in label order where they are written down somewhere, and where that is. */
  readonly classes?: { readonly names: readonly string[]; readonly file: string };
  readonly problems: readonly Problem[];
  readonly sources?: Sources;
  /** Draws masks that are not files of their own. */
  readonly readMask?: (address: string) => Promise<LabelMap>;
}

/** `file:line: message`, as compilers and editors have it. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
}
