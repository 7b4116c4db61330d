import type { ComparedEvent, ScoresEvent, StagesEvent } from "./evaluation-events.ts";
import type { EvaluationFacts } from "./evaluation-facts.ts";

/** The scores of all shards of an evaluation, and what they are of. */
export interface MergedEvaluation {
  readonly facts: EvaluationFacts;
  readonly scores: ScoresEvent | StagesEvent | ComparedEvent;
}
