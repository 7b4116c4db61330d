import type { NdArray } from "../../engine/graph/index.ts";
import type { ValidationPanel, ValidationScores } from "../eval/evaluator.ts";
import type { Phase } from "./phase.ts";
import type { ThresholdFit } from "./threshold-fit.ts";

/** Losses of a step; null for losses that are not computed in its phase. */
export interface StepLosses {
  readonly cls: number;
  readonly seg: number | null;
  readonly affinity: number | null;
  /** Dense energy; null if `loss.regularization` is 0. */
  readonly energy: number | null;
  readonly total: number;
}

/** Seconds of a step, in total and for each part of it. */
export interface StepSeconds {
  /** Waiting for the batch. */
  readonly data: number;
  readonly cam: number;
  readonly labels: number;
  /** Forward and backward pass. */
  readonly network: number;
  readonly optimizer: number;
  /** Exchange with the other processes that train together, waiting for them included; absent in a training of one. */
  readonly exchange?: number;
  readonly total: number;
}

export interface StartEvent {
  readonly type: "start";
  /** First step: 0, or the step of the checkpoint that the run resumes from. */
  readonly step: number;
  readonly steps: number;
  /** Number of learned values. */
  readonly parameters: number;
  readonly classes: readonly string[];
}

export interface StepEvent {
  readonly type: "step";
  readonly step: number;
  readonly steps: number;
  readonly losses: StepLosses;
  /** Learning rate of the encoder. */
  readonly learningRate: number;
  readonly phase: Phase;
  readonly images: number;
  readonly seconds: StepSeconds;
}

/**
 * The thresholds of pseudo labels and how they suit the data, measured from tags alone before the first labels are made
 * (method 2.16).
 */
export interface ThresholdsEvent extends ThresholdFit {
  readonly type: "thresholds";
  /** Steps completed so far. */
  readonly step: number;
  readonly low: number;
  readonly high: number;
  /** Whether they were chosen from tags; otherwise they are those of the settings. */
  readonly chosen: boolean;
}

/** Progress of a validation. It need not be stored. */
export interface ValidatingEvent {
  readonly type: "validating";
  /** Images evaluated so far, out of `total`. */
  readonly done: number;
  readonly total: number;
}

export interface ValidationEvent {
  readonly type: "validation";
  /** Steps completed so far. */
  readonly step: number;
  readonly metrics: ValidationScores["metrics"];
  readonly perClass: ValidationScores["perClass"];
  /**
   * Without true masks: the shares of the pixels that class activations give to background and every class, 0..1, in the mean
   * over the images of the panels.
   */
  readonly camAreas?: readonly number[];
  /** Images or masks that could not be used, one sentence each. */
  readonly skipped: readonly string[];
  readonly panels: readonly ValidationPanel[];
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  /** Steps completed so far. */
  readonly step: number;
  readonly state: TrainingState;
  /** Whether this is the best segmentation so far. */
  readonly best: boolean;
}

export interface DoneEvent {
  readonly type: "done";
  /** Steps completed: all, or fewer if the F1 of the tags no longer rose (`train.patience`). */
  readonly step: number;
}

export type TrainEvent =
  | StartEvent
  | StepEvent
  | ThresholdsEvent
  | ValidatingEvent
  | ValidationEvent
  | CheckpointEvent
  | DoneEvent;

/**
 * Everything needed to resume a run with the same bits. The arrays belong to the trainer and change with the next
 * event: store or copy them before.
 */
export interface TrainingState {
  /** Steps completed so far. */
  readonly step: number;
  /** Parameters under their names, moments under `optimizer.m.<name>` and `optimizer.v.<name>`. */
  readonly tensors: Readonly<Record<string, NdArray>>;
  /** Step, config and classes as text. */
  readonly metadata: Readonly<Record<string, string>>;
}
