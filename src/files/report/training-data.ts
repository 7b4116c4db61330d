import type { StepEvent, ThresholdsEvent } from "../../method/train/events.ts";
import type { StageScores } from "../../method/eval/stages.ts";
import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import type { TileName } from "../run/panel-picture.ts";

/** A score; null or undefined if there is none. */
export type Score = number | null | undefined;

/** Mean IoUs and the F1 of the tags, 0..1; null if there is no truth. */
export type ReportScores = Readonly<Record<"cam" | "affinityCam" | "seg" | "tagF1", Score>>;

/** IoU of background and of every class. */
export type ReportClassScores = Readonly<
  Record<"cam" | "affinityCam" | "seg", readonly (number | null)[]>
>;

export interface ReportPanel {
  readonly name: string;
  readonly tags: readonly number[];
  readonly tiles: readonly { readonly name: TileName; readonly jpeg: Uint8Array }[];
}

/** Scores of a model after every step of the method, and images with the mask of each step. */
export interface StepGains {
  readonly scores: StageScores;
  readonly examples: readonly PaintedExample[];
}

/** An image with its masks painted over it, as JPEG. */
export interface PaintedExample {
  readonly name: string;
  readonly tags: readonly number[];
  readonly pictures: readonly {
    readonly title: string;
    /** Step that the mask is compared with, and mean IoU of both on this image, 0..1; undefined for image and truth. */
    readonly gain?: { readonly meanIou: number; readonly before: number | undefined };
    readonly jpeg: Uint8Array;
  }[];
}

/** Content of the page. */
export interface ReportData {
  readonly title: string;
  /** Facts about the training data, as label and value. */
  readonly dataset: Readonly<Record<string, string | number>>;
  /** Settings by section. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Origin of the weights that the training began with. */
  readonly initialWeights?: InitialWeights | undefined;
  /** The command that started the run, and the last one that continued it. */
  readonly command: string;
  readonly resumedBy?: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Foreground class names. */
  readonly classes: readonly string[];
  readonly parameters: number | undefined;
  readonly finished: boolean;
  readonly steps: readonly StepEvent[];
  /** Thresholds of the run; not in runs of older versions. */
  readonly thresholds?: ThresholdsEvent | undefined;
  readonly validations: readonly {
    readonly step: number;
    readonly metrics: ReportScores;
    /** Shares of the pixels of class activations, 0..1, `[background, classes...]`; only without true masks. */
    readonly camAreas?: readonly number[];
  }[];
  /** Scores at the top of the page, and their heading. */
  readonly scores:
    | {
        readonly title: string;
        readonly metrics: ReportScores;
        readonly perClass: ReportClassScores;
      }
    | undefined;
  readonly panels: readonly ReportPanel[];
  /** Scores after every step of the method, if they were measured. */
  readonly gains?: StepGains | undefined;
}
