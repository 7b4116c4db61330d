import type { MergedPredictionsEvent, MergedScoresEvent } from "../../jobs/merge-events.ts";
import type { Output } from "../output.ts";
import { tellCompared, tellUnpaired } from "./masks.ts";
import { tellPredictions, tellScores } from "./model.ts";
import { tellStages } from "./stages.ts";

/** Shows the scores of all shards as one evaluation shows them. */
export function tellMerged(
  { out, facts, scores, shards, missing, kept }: MergedScoresEvent,
  output: Output,
): void {
  output.progress.clear();
  if (facts.kind === "masks") tellUnpaired(facts, facts, output);
  for (const problem of scores.skipped) output.note(`left out ${problem}`);
  output.record({ out, shards, missing, kept });
  switch (scores.type) {
    case "scores":
      tellScores(scores, output);
      break;
    case "stages":
      tellStages(scores, output);
      break;
    case "compared":
      if (facts.kind === "masks") tellCompared(scores, facts, output);
      break;
  }
  if (kept) output.say(`the shards are still there: ${out}/shards`);
}

/** Shows the predictions of all shards as one evaluation shows them. */
export function tellMergedPredictions(
  { shards, missing, kept, ...predictions }: MergedPredictionsEvent,
  output: Output,
): void {
  const { out } = predictions;
  output.record({ out, shards, missing, kept });
  tellPredictions({ ...predictions, type: "predictions" }, output);
  if (kept) output.say(`the shards are still there: ${out}/shards`);
}
