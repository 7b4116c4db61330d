import * as z from "zod/mini";

/** The job of a plan whose shards are predictions of images without truth. */
export const predictionsJob = "predictions";

/** What the plan of predictions says. */
export interface PlannedPredictions {
  readonly model: string;
  readonly split: string;
  /** Whether they are the tree that VOC's server takes, and not plain masks. */
  readonly isTree: boolean;
}

const planned = z.object({ model: z.string(), split: z.string(), isTree: z.boolean() });

/** The facts of a plan, which may be damaged; undefined if they are none of predictions. */
export function plannedPredictions(facts: unknown): PlannedPredictions | undefined {
  const { success, data } = planned.safeParse(facts);
  return success ? data : undefined;
}
