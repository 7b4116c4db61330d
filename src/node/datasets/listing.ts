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

/** An image as a layout lists it, before anything is checked against the disk. */
export interface Entry {
  /** Path from the image folder, for people; its stem becomes the name. */
  readonly file: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly split?: string;
  /** Path of the true mask, if there is one. */
  readonly mask?: string;
  readonly origin: Origin;
}

export type LayoutName = "plain" | "class folders" | "voc";

/** What a layout reader found in a folder. */
export interface Listing {
  readonly format: LayoutName;
  readonly entries: readonly Entry[];
  /** Classes in label order where they are written down somewhere, and where that is. */
  readonly classes?: { readonly names: readonly string[]; readonly file: string };
  readonly problems: readonly Problem[];
}

/** `file:line: message`, as compilers and editors have it. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
}
