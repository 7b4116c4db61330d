import type { MaskFormat } from "../files/formats/formats.ts";
import type { DatasetReport } from "../files/datasets/index.ts";
import type { ConversionFacts } from "./convert-job.ts";
import type { PredictionsEvent } from "./evaluation-events.ts";
import type { ProgressEvent, ReadingEvent, StoppedEvent } from "./events.ts";
import type { MasksDoneEvent } from "./masks.ts";
import type { MergedEvaluation } from "./merged-evaluation.ts";

/** Shards that are not complete, and the tasks that make them. */
export interface MissingShardsEvent {
  readonly type: "missing";
  /** Their numbers, out of `of`. */
  readonly shards: readonly number[];
  readonly of: number;
  /** Numbers of the tasks, out of `ofTasks`: those that the job began with. */
  readonly tasks: readonly number[];
  readonly ofTasks: number;
}

/** Shards that are not as they were written, and the tasks that make them; an error follows. */
export interface DamagedShardsEvent extends Omit<MissingShardsEvent, "type"> {
  readonly type: "damaged";
}

/** Progress of a stage of a merge. */
export interface MergeProgressEvent extends ProgressEvent {
  /** The stage: images that are checked, whose files are linked, the shards of a format, the masks in the order of their review, the removal of the shards. */
  readonly stage: "check" | "images" | MaskFormat | "review" | "removal";
}

/** What a merge of masks made. */
export interface MergedMasks extends Pick<
  MasksDoneEvent,
  "out" | "classes" | "masks" | "skipped" | "lost" | "lacking" | "replaced"
> {
  /** Reasons of the first images that were left out. */
  readonly leftOut: readonly string[];
  /** Shards none of whose images could be used. */
  readonly withoutMasks: readonly number[];
  /** Number of images with a tag that no pixel of their mask shows; `lacking` has the names of the first thousand. */
  readonly lackingInAll: number;
  /** The table of confidences, and the page of the least sure masks, where the job has them. */
  readonly confidence?: string;
  readonly sheet?: string;
  /** What a conversion tells besides, and whether it was given a folder of images. */
  readonly conversion?: ConversionFacts & { readonly hasImages: boolean };
  /** Formats of one file that are left in the shards, since there are too many images, and the list of their files. */
  readonly index?: { readonly formats: readonly MaskFormat[]; readonly file: string };
}

/** The results of a job without shards are complete. */
export interface MergeDoneEvent extends MergedMasks {
  readonly type: "done";
  /** Number of shards that were merged. */
  readonly shards: number;
  /** Numbers of the shards that were missing. */
  readonly missing: readonly number[];
  /** Whether the shards are still there. */
  readonly kept: boolean;
}

/** The scores of an evaluation are complete. */
export interface MergedScoresEvent extends MergedEvaluation {
  readonly type: "measured";
  readonly out: string;
  readonly shards: number;
  readonly missing: readonly number[];
  readonly kept: boolean;
}

/** Predictions of images without truth are complete. */
export interface MergedPredictionsEvent extends Omit<PredictionsEvent, "type"> {
  readonly type: "predicted";
  readonly out: string;
  readonly shards: number;
  readonly missing: readonly number[];
  readonly kept: boolean;
}

/** The report on a data set, made of all shards of its inspection. */
export interface MergedInspection {
  readonly report: DatasetReport;
  /** The file with the report. */
  readonly file: string;
  /** The file with the tags, if one was wanted. */
  readonly tagsTo?: string;
}

/** The report on a data set is complete. */
export interface MergedReportEvent extends MergedInspection {
  readonly type: "inspected";
  readonly out: string;
  readonly shards: number;
  readonly missing: readonly number[];
  readonly kept: boolean;
}

export type MergeEvent =
  | { readonly type: "started"; readonly job: string; readonly shards: number; readonly of: number }
  | MissingShardsEvent
  | DamagedShardsEvent
  | ReadingEvent
  | MergeProgressEvent
  | (StoppedEvent & { readonly out: string })
  /** The folder is complete, and its shards were removed by an earlier merge. */
  | { readonly type: "merged-already"; readonly out: string }
  | MergeDoneEvent
  | MergedPredictionsEvent
  | MergedScoresEvent
  | MergedReportEvent;
