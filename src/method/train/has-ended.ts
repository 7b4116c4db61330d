import type { Config } from "../config.ts";
import type { TrainingState } from "./events.ts";

/** Metadata of a checkpoint that was saved because its validation was stopped. */
export const validationOwedKey = "validationOwed";
/** Validations in the last phase since the tags were predicted better than ever before. */
export const staleValidationsKey = "staleValidations";

/** Whether a training that resumes from a checkpoint begins with a validation. */
export function owesValidation(state: Pick<TrainingState, "metadata"> | undefined): boolean {
  return state?.metadata[validationOwedKey] === "true";
}

/** Whether a checkpoint is that of the end of its training, so that nothing is left to train or to validate. */
export function hasEnded(
  state: Pick<TrainingState, "step" | "metadata">,
  { steps, patience }: Config["train"],
): boolean {
  const stale = Number(state.metadata[staleValidationsKey] ?? 0);
  return !owesValidation(state) && (state.step >= steps || (patience > 0 && stale >= patience));
}
