import { planFile } from "../files/shards/plan.ts";
import type { FileHost } from "../host/host.ts";
import { UserError } from "../user-error.ts";
import type { PredictionsEvent } from "./evaluation-events.ts";
import type { MaskMerge } from "./mask-merge.ts";
import type { DamagedShardsEvent, MergeProgressEvent } from "./merge-events.ts";
import { mergeMasks } from "./merge-masks.ts";
import { plannedPredictions } from "./planned-predictions.ts";
import { placesOf, plainMasks } from "./predict-test-set.ts";

/** Makes the folder of predictions that the job would have written without shards. */
export async function* mergePredictions(
  host: FileHost,
  merge: Omit<MaskMerge, "masks" | "hasClasses">,
): AsyncGenerator<MergeProgressEvent | DamagedShardsEvent, Omit<PredictionsEvent, "type">> {
  const { out, plan } = merge;
  const facts = plannedPredictions(plan.facts);
  if (!facts) {
    throw new UserError(`${planFile(out)}: is damaged, it does not say what is predicted`);
  }
  const { isTree, model, split } = facts;
  const masksOf = { ...merge, masks: plainMasks, hasClasses: !isTree };
  const { masks, replaced } = yield* mergeMasks(host, masksOf);
  const about = { model, split, out, ...placesOf(out, isTree) };
  return { ...about, masks, images: plan.items, skipped: [], replaced };
}
