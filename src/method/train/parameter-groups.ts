import type { Parameter } from "../../engine/nn/index.ts";
import type { Config } from "../config.ts";
import type { ParameterGroup } from "../model/index.ts";
import { learningRateFactor } from "./learning-rate.ts";
import type { GroupRates } from "./optimizer.ts";

/** Whether the optimizer updates a parameter: the encoder's norms are frozen in the published recipe (method 2.13). */
export function isLearned(
  { trainable, group }: Parameter<ParameterGroup>,
  { freezeNorms }: Config["train"],
): boolean {
  return trainable && !(freezeNorms && group === "norms");
}

/** Learning rate and weight decay of every group of parameters at a step (method 2.12, 2.13). */
export function ratesAt(step: number, train: Config["train"]): Record<ParameterGroup, GroupRates> {
  const { lr, headLrScale, weightDecay, freezeNorms } = train;
  const learningRate = lr * learningRateFactor(step, train);
  const head = { learningRate: learningRate * headLrScale, weightDecay };
  return {
    encoder: { learningRate, weightDecay },
    // Never decayed, since that would pull the gains to 0.
    norms: { learningRate: freezeNorms ? 0 : learningRate, weightDecay: 0 },
    heads: head,
    decoder: head,
  };
}
