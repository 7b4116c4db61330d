import type { LayoutName, Problem } from "../../files/datasets/index.ts";
import type { MaskFormat } from "../../files/formats/formats.ts";
import type { DroppedFolder } from "../../host/web/files/dropped.ts";
import type { DeviceName } from "../../host/devices.ts";
import type { TagMaskSource } from "../../method/inference/label-source.ts";
import type { LabelMap } from "../../method/images/image.ts";
import type { StepEvent, ThresholdsEvent } from "../../method/train/events.ts";
import type { ValidationEntry } from "../../files/run/log.ts";

/** A task of a worker: what it takes, what it tells on the way, and what it gives back. */
interface Task<Input, Result, News = never> {
  readonly input: Input;
  readonly result: Result;
  readonly news: News;
}

/** Everything that the page asks its workers for. */
export interface Tasks {
  readonly facts: Task<null, Facts>;
  readonly openModel: Task<ModelSource, ModelFacts>;
  readonly closeModel: Task<number, null>;
  readonly thumbnail: Task<File, Blob>;
  readonly segment: Task<SegmentInput, MadeMask>;
  readonly show: Task<ShowInput, ShownImage>;
  readonly exportMasks: Task<ExportMasksInput, NamedFile>;
  readonly inspect: Task<DroppedFolder, DataFacts, ReadingNews>;
  readonly plan: Task<PlanInput, Plan>;
  readonly train: Task<TrainInput, TrainOutcome, TrainNews>;
  readonly resume: Task<string, TrainOutcome, TrainNews>;
  readonly runs: Task<null, readonly RunFacts[]>;
  readonly readRun: Task<string, RunDetails>;
  readonly look: Task<{ readonly run: string; readonly step: number }, readonly SeenImage[]>;
  readonly takeAlong: Task<{ readonly run: string; readonly what: Luggage }, NamedFile>;
  readonly removeRun: Task<string, null>;
}
export type TaskName = keyof Tasks;

/** The name of a worker: one trains, one looks meanwhile at what the network sees, and one does everything else. */
export type WorkerRole = "training" | "lookout" | "desk";

/** A message to a worker; a signal that is aborted sends `cancel`. */
export type Request =
  | { readonly id: number; readonly task: TaskName; readonly input: unknown }
  | { readonly id: number; readonly cancel: true };

export type Answer =
  | { readonly id: number; readonly news: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: Failure };

/** An error on its way from a worker to the page. */
export interface Failure {
  /** Where, what, and what to do. */
  readonly message: string;
  /** Kind of what the visitor can mend; undefined for faults of the program. */
  readonly code?: string;
  /** Where in the program it happened, for faults of the program. */
  readonly stack?: string;
  /** A setting whose other value helps. */
  readonly setting?: string;
}

export interface Facts {
  readonly version: string;
  readonly threads: { readonly count: number; readonly note: string };
  /** Bytes that a training may plan with. */
  readonly memory: number;
  /** Bytes that the browser still stores for this page; undefined where it does not tell. */
  readonly free?: number;
}

/** A file to save. */
export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** A dropped model, or a run in the storage of the page. */
export type ModelSource = { readonly file: File } | { readonly run: string };

export interface ModelFacts {
  /** By which the worker knows it. */
  readonly id: number;
  readonly name: string;
  readonly classes: readonly string[];
  readonly device: string;
  /** Whether masks can come from class activations too, which takes the weights of a run. */
  readonly hasActivations: boolean;
}

export interface SegmentInput {
  readonly model: number;
  readonly photo: File;
  readonly crf: boolean;
  /** Classes that are known to be in the photograph, from 0; undefined if nothing is known. */
  readonly tags?: readonly number[];
  /** Branch of the model that masks of known tags come from. */
  readonly from: TagMaskSource;
}

export interface MadeMask {
  readonly width: number;
  readonly height: number;
  /** A PNG whose indices are the labels. */
  readonly labels: Blob;
  /** A small picture of the photograph under its mask. */
  readonly picture: Blob;
  /** Classes that are in the photograph, from 0. */
  readonly tags: readonly number[];
  /** 0..1 */
  readonly confidence: number;
  /** Share of the pixels of background and every class, 0..1. */
  readonly shares: readonly number[];
  readonly seconds: number;
}

export interface ShowInput {
  readonly photo: File;
  readonly labels?: Blob;
}

export interface ShownImage {
  readonly picture: ImageBitmap;
  readonly labels?: LabelMap;
}

export interface ExportMasksInput {
  readonly classes: readonly string[];
  readonly masks: readonly {
    readonly photo: File;
    readonly labels: Blob;
    readonly confidence: number;
  }[];
  readonly formats: readonly MaskFormat[];
  readonly overlays: boolean;
}

/** Progress of reading, copying or drawing. */
export interface ReadingNews {
  readonly type: "reading";
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** What is in a dropped folder. */
export interface DataFacts {
  readonly name: string;
  readonly format: LayoutName;
  readonly classes: readonly string[];
  /** Training images of each class. */
  readonly perClass: readonly number[];
  readonly training: number;
  readonly validation: number;
  readonly masks: number;
  /** Least and greatest side of the images, in pixels. */
  readonly sides: readonly [number, number];
  readonly problems: readonly Problem[];
  /** Why a training cannot start on it; undefined if it can. */
  readonly obstacle?: string;
  /** What is copied into the storage of the page. */
  readonly files: number;
  readonly bytes: number;
}

/** Scenes to be drawn. */
export interface Scenes {
  readonly count: number;
  /** Side in pixels. */
  readonly size: number;
}

/** Settings of a training as the form has them. */
export interface Choices {
  readonly steps: number;
  readonly crop: number;
  readonly batch: number;
  readonly seed: number;
  readonly device: DeviceName;
  /** All others, a line each: `section.name: value`. */
  readonly others: string;
}

export interface PlanInput {
  readonly choices: Choices;
  readonly classes: readonly string[];
}

/** What a training takes, before it starts. */
export interface Plan {
  /** Bytes of memory that the training takes, or that it takes at least if it does not fit, and those that it may take. */
  readonly bytes: number;
  readonly room: number;
  /** Bytes with whole batches, where these do not fit and are computed in parts of `microBatch` crops. */
  readonly whole?: number;
  readonly microBatch?: number;
  /** Largest crop that fits, if this one does not; 0 if none does. */
  readonly largestCrop?: number;
  /** Bytes of the files of the run in the storage. */
  readonly stored: number;
  /** Bytes that the browser still stores for this page; undefined where it does not tell. */
  readonly free?: number;
  readonly parameters: number;
}

export interface TrainInput {
  /** Name of its folder. */
  readonly name: string;
  readonly data: { readonly folder: DroppedFolder } | { readonly scenes: Scenes };
  readonly choices: Choices;
}

export type TrainNews =
  | ReadingNews
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "device"; readonly device: string; readonly note?: string }
  | { readonly type: "started"; readonly run: string }
  | StepEvent
  | ThresholdsEvent
  | { readonly type: "validating"; readonly done: number; readonly total: number }
  | Validation
  | { readonly type: "checkpoint"; readonly step: number; readonly best: boolean }
  | { readonly type: "skipped"; readonly message: string };

/** The scores of a validation. */
export type Validation = Pick<ValidationEntry, "type" | "step" | "metrics" | "perClass">;

export type TrainOutcome =
  | { readonly type: "trained"; readonly run: string }
  | { readonly type: "stopped"; readonly run: string; readonly step: number }
  /** It was stopped before there was anything to keep. */
  | { readonly type: "canceled" };

/** A training in the storage of the page. */
export interface RunFacts {
  readonly name: string;
  readonly step: number;
  readonly steps: number;
  /** `running` in this or another tab of the page. */
  readonly state: "running" | "stopped" | "done";
  readonly classes: readonly string[];
  /** Time of the last change, in milliseconds since 1970. */
  readonly changed: number;
  /** Best mean IoU of a validation, or F1 of the tags where there are no true masks, 0..1. */
  readonly score?: { readonly kind: "seg" | "tagF1"; readonly value: number };
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** What the files of a run tell. */
export interface RunDetails extends RunFacts {
  readonly log: readonly StepEvent[];
  readonly validations: readonly Validation[];
  /** Steps with weights; without any nothing can be taken along. */
  readonly checkpoints: readonly number[];
}

/** What can be taken along of a run. */
export type Luggage = "onnx" | "safetensors" | "transformersjs" | "run" | "images";

/** What the network sees in an image at a step. */
export interface SeenImage {
  readonly name: string;
  readonly tags: readonly string[];
  readonly tiles: readonly { readonly kind: TileKind; readonly picture: Blob }[];
}
export type TileKind = "image" | "cam" | "label" | "prediction" | "truth";
