import type { NdArray } from "../../engine/graph/index.ts";
import type { ValidationPanel, ValidationScores } from "../eval/evaluator.ts";

/** What trains: L_cls alone, with labels from CAM, or with labels from the propagated CAM. */
export type Phase = "classification" | "pseudo" | "affinity";

/** Losses of a step; null where this phase does not compute one. */
export interface StepLosses {
  readonly cls: number;
  readonly seg: number | null;
  readonly affinity: number | null;
  /** Dense energy, where `loss.regularization` asks for it. */
  readonly energy: number | null;
  readonly total: number;
}

/** Where the time of a step went, in seconds. */
export interface StepSeconds {
  /** Waiting for the batch. */
  readonly data: number;
  readonly cam: number;
  readonly labels: number;
  /** Forward and backward pass. */
  readonly network: number;
  readonly optimizer: number;
  readonly total: number;
}

export interface StartEvent {
  readonly type: "start";
  /** First step of this session: 0, or where it was taken up. */
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
  /** Of the encoder. */
  readonly learningRate: number;
  readonly phase: Phase;
  readonly images: number;
  readonly seconds: StepSeconds;
}

/** A validation under way; nothing to keep. */
export interface ValidatingEvent {
  readonly type: "validating";
  /** Images seen so far, of how many. */
  readonly done: number;
  readonly total: number;
}

export interface ValidationEvent {
  readonly type: "validation";
  /** Steps made so far. */
  readonly step: number;
  readonly metrics: ValidationScores["metrics"];
  readonly perClass: ValidationScores["perClass"];
  /** Images or masks that could not be used, one sentence each. */
  readonly skipped: readonly string[];
  readonly panels: readonly ValidationPanel[];
}

export interface CheckpointEvent {
  readonly type: "checkpoint";
  /** Steps made so far. */
  readonly step: number;
  readonly state: TrainingState;
  /** The best segmentation so far. */
  readonly best: boolean;
}

export interface DoneEvent {
  readonly type: "done";
  readonly step: number;
}

export type TrainEvent =
  StartEvent | StepEvent | ValidatingEvent | ValidationEvent | CheckpointEvent | DoneEvent;

/**
 * Everything a run needs to go on as if it had never stopped. The arrays are the trainer's own: use
 * them before asking for the next event.
 */
export interface TrainingState {
  /** Steps made so far. */
  readonly step: number;
  /** Parameters under their names, moments under `optimizer.m.<name>` and `optimizer.v.<name>`. */
  readonly tensors: Readonly<Record<string, NdArray>>;
  /** Step, config and classes as text. */
  readonly metadata: Readonly<Record<string, string>>;
}
