import type { BuiltIndex } from "./columns.ts";
import type { KnownImages } from "./build-index.ts";
import type { Content } from "./image-table.ts";

/** Data that the thread of the images starts with; absolute paths. */
export interface LibrarySetup {
  readonly root: string;
  /** The studio's own folder. */
  readonly folder: string;
}

/** New tags of an image, by name; null if they are not known any more. */
export interface NamedTags {
  readonly id: number;
  /** Path from the data folder. */
  readonly file: string;
  readonly tags: readonly string[] | null;
}

/** What the thread of the images does. */
export interface LibraryCalls {
  /** The index of an earlier server, and whether the data is as it was then. */
  readonly open: {
    readonly request: null;
    readonly result: { readonly built: BuiltIndex; readonly isFresh: boolean } | null;
  };
  /** Lists the data folder; images that are found first are told meanwhile. */
  readonly build: { readonly request: KnownImages | null; readonly result: BuiltIndex };
  /** Stores an index. */
  readonly save: { readonly request: BuiltIndex; readonly result: null };
  /** Whether the data is as it was when it was listed. */
  readonly check: { readonly request: null; readonly result: boolean };
  /** Looks at image files. */
  readonly look: {
    readonly request: readonly {
      readonly id: number;
      readonly path: string;
      readonly known: Pick<Content, "version" | "width" | "height">;
    }[];
    readonly result: readonly { readonly id: number; readonly content: Content }[];
  };
  /** Writes tags, all or none, unless another program has changed the file: false then. */
  readonly tag: {
    readonly request: {
      readonly changes: readonly NamedTags[];
      readonly classes: readonly string[];
    };
    readonly result: boolean;
  };
  /** Writes so many scenes as a data set. */
  readonly sample: { readonly request: number; readonly result: null };
  /** Adds a class to the file that lists them, if there is one. */
  readonly addClass: { readonly request: string; readonly result: null };
}

/** What the thread tells unasked: images that it finds, and how many scenes of a sample are written. */
export type LibraryNews =
  { readonly found: readonly string[] } | { readonly written: number; readonly total: number };
