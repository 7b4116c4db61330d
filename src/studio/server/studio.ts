import type { Host } from "../../host/host.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { CommandWords } from "./command-words.ts";
import type { ImageRecord, RecordPage } from "../records.ts";
import type {
  Drafts,
  ImageDetails,
  ImagesQuery,
  MaskSource,
  Model,
  Project,
  Run,
  StudioEvent,
  Verdict,
} from "../protocol.ts";

/** Everything that the routes of a server work on; each part has one owner that alone changes its files. */
export interface Studio {
  readonly host: Host;
  /** Absolute path of the data folder. */
  readonly root: string;
  /** Absolute path of the studio's own folder: `.tag2mask` in the data folder, or in the one given instead. */
  readonly folder: string;
  readonly events: Events;
  readonly images: Images;
  readonly masks: Masks;
  readonly models: Models;
  readonly words: CommandWords;
  project(): Project;
}

/** What the masks are opened with; the models get the masks too. */
export type Library = Pick<Studio, "host" | "root" | "folder" | "events" | "images" | "words">;

/** Sends events to all tabs. */
export interface Events {
  publish(event: StudioEvent): void;
  /** @returns ends the subscription */
  subscribe(listen: (event: StudioEvent) => void): () => void;
}

/** An image of the index. */
export interface IndexedImage extends Pick<
  ImageDetails,
  | "id"
  | "name"
  | "file"
  | "version"
  | "tags"
  | "untagged"
  | "tagsRev"
  | "split"
  | "width"
  | "height"
> {
  /** Absolute path of its file. */
  readonly path: string;
}

/** What the review knows of an image; kept by the index for lists, written by its owner elsewhere. */
export interface ReviewFacts {
  readonly verdict: Verdict;
  readonly maskRev: number;
  readonly hasCorrection: boolean;
  readonly hasDraft: boolean;
  /** NaN without a draft. */
  readonly confidence: number;
  readonly missing: readonly number[];
  readonly drawn: boolean;
}

/** The list of all images, and tags.csv. */
export interface Images {
  /** Ids are 0 .. count - 1, of which some may belong to images that are gone. */
  readonly count: number;
  readonly classes: readonly string[];
  /** Resolves when all images are listed. */
  readonly complete: Promise<void>;
  /** Undefined for a number that no image has. */
  at(id: number): IndexedImage | undefined;
  /** The image of this name, as masks are named. */
  named(name: string): IndexedImage | undefined;
  facts(id: number): ReviewFacts;
  /** Changes what lists show of images, and publishes it. */
  setFacts(changes: readonly { readonly id: number; readonly facts: Partial<ReviewFacts> }[]): void;
  record(id: number): ImageRecord;
  page(query: ImagesQuery): RecordPage;
  details(ids: readonly number[]): ImageDetails[];
  /** Counts of images, untagged ones, problems, verdicts, corrections and classes. */
  counted(): Project["counts"];
  /** The number of the class of this name, which is added if there is none. */
  classOf(name: string): number;
}

/** Masks that people changed or accepted, and their verdicts. */
export interface Masks {
  read(id: number): Promise<{
    readonly rev: number;
    readonly source: MaskSource;
    readonly labels: LabelMap | undefined;
  }>;
  /** Images with a correction. */
  corrected(): readonly number[];
  /** Waits until everything is on the disk. */
  close(): Promise<void>;
}

/** Trained models: runs, drafts, and the process that computes with the current one. */
export interface Models {
  list(): readonly Model[];
  /** The newest run with weights; undefined without. */
  readonly current: Model | undefined;
  runs(): readonly Run[];
  drafts(): Drafts;
  /** The mask that the current model drafts for an image; undefined without a model. */
  draft(id: number): Promise<LabelMap | undefined>;
  close(): Promise<void>;
}
