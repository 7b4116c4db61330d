import type { StepEvent } from "../../method/train/events.ts";
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

/** Content of the page. */
export interface ReportData {
  readonly title: string;
  /** Facts about the training data, as label and value. */
  readonly dataset: Readonly<Record<string, string | number>>;
  /** Settings by section. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Origin of the weights that the training began with. */
  readonly initialWeights?: InitialWeights | undefined;
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Foreground class names. */
  readonly classes: readonly string[];
  readonly parameters: number | undefined;
  readonly finished: boolean;
  readonly steps: readonly StepEvent[];
  readonly validations: readonly { readonly step: number; readonly metrics: ReportScores }[];
  /** Scores at the top of the page, and their heading. */
  readonly scores:
    | {
        readonly title: string;
        readonly metrics: ReportScores;
        readonly perClass: ReportClassScores;
      }
    | undefined;
  readonly panels: readonly ReportPanel[];
}
