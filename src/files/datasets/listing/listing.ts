import type { LabelMap } from "../../../method/images/image.ts";
import type { Remedy } from "../../../user-error.ts";
import { pathOf, type Entry } from "./entry.ts";
import type { ImageList } from "./image-list.ts";

/** A finding about a data set for its owner. */
export interface Problem {
  /** A data set with errors cannot be opened, one with warnings can. */
  readonly severity: "error" | "warning";
  readonly file: string;
  /** Counted from 1; only for files with lines. */
  readonly line?: number;
  readonly message: string;
  /** Whether an image is left out because of this; `strict` turns such a problem into an error. */
  readonly leftOut?: boolean;
  /** Alternative ways to fix it, for a front end to word; the message does not repeat them. */
  readonly remedies?: readonly Remedy[];
}

/** The place that lists an image. */
export interface Origin {
  readonly file: string;
  readonly line?: number;
}

/** The place to report for a problem with an entry. */
export function originOf(entry: Entry): Origin {
  const file = entry.from ?? pathOf(entry);
  return originAt(file, entry.line);
}

/** A place in a file; without a line if that is not known. */
export function originAt(file: string, line: number | undefined): Origin {
  return line === undefined ? { file } : { file, line };
}

export type LayoutName = "plain" | "class folders" | "voc" | "coco" | "tars" | "names";

/** One line of a tags file. */
export interface TagLine {
  readonly file: string;
  readonly tags: readonly string[];
  readonly split: string | undefined;
  readonly line: number | undefined;
}

/** A receiver of the lines of a tags file, one by one: there may be millions. */
export interface TagSink {
  take(line: TagLine): void;
  /** Discards all lines so far, because a later part of the file is broken. */
  clear(): void;
}

/** A file or folder, and the number of images it was used for. */
export interface Source {
  readonly from: string;
  readonly images: number;
}

/** The sources of the lists, tags and masks of a data set whose layout leaves a choice. */
export interface Sources {
  readonly lists: readonly Source[];
  readonly tags: readonly Source[];
  readonly masks: readonly Source[];
}

/** Reports the progress of a long reading; `what` names the unit. */
export type OnProgress = (done: number, total: number, what: string) => void;

/** The content of a data set folder, as a layout reader understands it. */
export interface Listing {
  readonly format: LayoutName;
  readonly images: ImageList;
  /** Whether no image is listed twice. */
  readonly distinct: boolean;
  /** Classes in label order and the file that lists them; absent if no file does. */
  readonly classes?: { readonly names: readonly string[]; readonly file: string };
  /** Class names that came with the masks in the order of their labels, and the file that lists them. */
  readonly maskClasses?: { readonly names: readonly string[]; readonly file: string };
  readonly problems: readonly Problem[];
  readonly sources?: Sources;
  /** Reads a mask by its address; absent if masks are separate files. */
  readonly readMask?: (address: string) => Promise<LabelMap>;
}

/** `file:line: message`, the form that editors recognize. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
}

/**
 * The problem of a data set to tell where there is room for one: an error, an image that is left out, then what is said of
 * a line of the tags or of the classes; last what else lies in the folder.
 */
export function mostSerious(problems: readonly Problem[], folder: string): Problem | undefined {
  const rank = ({ severity, leftOut, file, line }: Problem): number => {
    if (severity === "error") return 0;
    if (leftOut) return 1;
    return line !== undefined || file === folder ? 2 : 3;
  };
  const ranks = problems.map(rank);
  return problems[ranks.indexOf(Math.min(...new Set(ranks)))];
}

/**
 * A problem followed by its remedies.
 * @param word puts remedies into words; without it they are left out
 */
export function formatWithRemedies(
  problem: Problem,
  word: (remedies: readonly Remedy[]) => string = () => "",
): string {
  const remedy = word(problem.remedies ?? []);
  return `${formatProblem(problem)}${remedy === "" ? "" : `; ${remedy}`}`;
}
