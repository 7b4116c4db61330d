import * as z from "zod/mini";
import { stageTitles, type StageName } from "../method/eval/stages.ts";

/** What the files of an evaluation say of the model and the images, besides the scores. */
export interface ScoresFacts {
  readonly kind: "scores";
  readonly model: string;
  /** Folder of the data set. */
  readonly data: string;
  readonly split: string;
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly longSide: number;
  readonly crf: boolean;
  /** Whether class activation maps are measured. */
  readonly cam: boolean;
  /** Whether the true masks have names of their own for their labels, and a remark on them. */
  readonly names: boolean;
  readonly note: string | null;
}

/** The same for scores after every part of the method. */
export interface StagesFacts {
  readonly kind: "stages";
  readonly model: string;
  readonly data: string;
  readonly split: string;
  readonly longSide: number;
  readonly stages: readonly StageName[];
}

/** The same for the comparison of two folders of masks. */
export interface ComparisonFacts {
  readonly kind: "masks";
  readonly masks: string;
  readonly truth: string;
  readonly unpredicted: readonly string[];
  readonly untrue: readonly string[];
  readonly notes: readonly string[];
  /** Null if the number of classes shows at the end. */
  readonly classes: readonly string[] | null;
}

export type EvaluationFacts = ScoresFacts | StagesFacts | ComparisonFacts;

/** What the plan of an evaluation in shards says. */
export interface PlannedEvaluation {
  readonly facts: EvaluationFacts;
  /** Number of images on the page of the worst. */
  readonly worst: number;
}

const texts = z.array(z.string());
const model = { model: z.string(), data: z.string(), split: z.string(), longSide: z.number() };

const planned = z.object({
  worst: z.int().check(z.nonnegative()),
  facts: z.discriminatedUnion("kind", [
    z.object({
      ...{ kind: z.literal("scores"), ...model, scales: z.array(z.number()), flip: z.boolean() },
      ...{ crf: z.boolean(), cam: z.boolean(), names: z.boolean(), note: z.nullable(z.string()) },
    }),
    z.object({
      ...{ kind: z.literal("stages"), ...model },
      stages: z.array(z.enum(Object.keys(stageTitles) as StageName[])),
    }),
    z.object({
      ...{ kind: z.literal("masks"), masks: z.string(), truth: z.string() },
      ...{ unpredicted: texts, untrue: texts, notes: texts, classes: z.nullable(texts) },
    }),
  ]),
});

/** The facts of a plan, which may be damaged; undefined if they are none of an evaluation. */
export function plannedEvaluation(facts: unknown): PlannedEvaluation | undefined {
  const { success, data } = planned.safeParse(facts);
  return success ? data : undefined;
}
