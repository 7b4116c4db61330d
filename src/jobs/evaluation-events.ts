import type { MaskFinding } from "../files/formats/label-counts.ts";
import type { Replaced } from "../files/formats/older-files.ts";
import type { Evaluation } from "../method/eval/evaluator.ts";
import type { StageScores } from "../method/eval/stages.ts";
import type { ConfusionMatrix } from "../method/eval/metrics.ts";
import type { DeviceEvent, ProgressEvent, ReadingEvent, StoppedEvent } from "./events.ts";
import type { ShardEvent, TaskDoneEvent, TaskEvent } from "./run-shards.ts";
import type { WaitingEvent } from "./shard-plan.ts";
import type { EvaluationStoppedEvent } from "./with-progress.ts";

/** Scores of a model on images with true masks. */
export interface ScoresEvent {
  readonly type: "scores";
  readonly model: string;
  readonly split: string;
  readonly classes: readonly string[];
  /** Counts of every kind of mask that was measured, the final masks last. */
  readonly matrices: Partial<Evaluation["matrices"]>;
  readonly tagF1: number;
  /** Accuracies of the segmentation branch. */
  readonly accuracy: Evaluation["accuracy"];
  readonly images: number;
  readonly masks: number;
  readonly skipped: readonly string[];
  /** Reasons to doubt the scores. */
  readonly warnings: readonly MaskFinding[];
  /** Files that were written. */
  readonly files: readonly string[];
}

/** Predictions of images without true masks. */
export interface PredictionsEvent {
  readonly type: "predictions";
  readonly model: string;
  readonly split: string;
  /** The folder of the masks. */
  readonly path: string;
  /** Folder that was asked for, and the folder in it to pack for a server. */
  readonly out: string;
  readonly top: string;
  readonly masks: number;
  readonly images: number;
  readonly skipped: readonly string[];
  /** What became of the files of earlier jobs in the folder; absent if images are missing, so that the job can go on. */
  readonly replaced?: Replaced;
}

/** mIoU after every part of the method. */
export interface StagesEvent extends StageScores {
  readonly type: "stages";
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly longSide: number;
  /** The file with the scores, if one was wanted. */
  readonly file?: string;
  /** Reasons to doubt the scores. */
  readonly warnings?: readonly string[];
}

/** Scores of a folder of masks against true masks. */
export interface ComparedEvent {
  readonly type: "compared";
  readonly matrix: ConfusionMatrix;
  readonly classes: readonly string[];
  readonly masks: number;
  readonly unpredicted: readonly string[];
  readonly untrue: readonly string[];
  readonly skipped: readonly string[];
  /** Reasons to doubt the scores. */
  readonly warnings: readonly MaskFinding[];
  /** Files that were written. */
  readonly files: readonly string[];
}

/** The task of an evaluation in shards was stopped; all that it measured is kept. */
export interface TaskStoppedEvent extends StoppedEvent {
  readonly out: string;
  readonly task: number;
}

/** There is no truth in the split: predictions are written. */
export interface PredictingEvent {
  readonly type: "predicting";
  readonly split: string;
}

/** Events of a task of an evaluation in shards, counted over the whole task. */
export type EvaluationShardsEvent =
  | { readonly type: "started" }
  | PredictingEvent
  | ProgressEvent
  | { readonly type: "left-out"; readonly problems: readonly string[] }
  | TaskEvent
  | ShardEvent
  | WaitingEvent
  | TaskDoneEvent
  | TaskStoppedEvent;

export type EvaluateEvent =
  | DeviceEvent
  | ReadingEvent
  | { readonly type: "started" }
  | ProgressEvent
  /** Images that could not be measured or predicted, one sentence each. */
  | { readonly type: "left-out"; readonly problems: readonly string[] }
  | EvaluationStoppedEvent
  | ScoresEvent
  | PredictionsEvent
  | StagesEvent
  | EvaluationShardsEvent;
