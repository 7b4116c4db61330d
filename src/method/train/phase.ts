import type { Config } from "../config.ts";

/**
 * Phase of a run (method 2.11): L_cls alone, then all losses with labels from CAM, then with labels from propagated
 * CAM.
 */
export type Phase = "classification" | "pseudo" | "affinity";

/** Phase of a step, counted from 0. */
export function phaseAt(step: number, { camSteps, affinitySteps }: Config["train"]): Phase {
  return step <= camSteps ? "classification" : step <= affinitySteps ? "pseudo" : "affinity";
}

/** Whether a step of this phase makes labels and computes all losses, or L_cls alone. */
export function computesAllLosses(phase: Phase, { warmupLosses }: Config["train"]): boolean {
  return phase !== "classification" || warmupLosses;
}

/** Weights of L_seg, L_aff and L_reg: 0 in the classification phase, where only L_cls trains even if they are computed. */
export function lossWeights(phase: Phase, loss: Config["loss"]): [number, number, number] {
  return phase === "classification" ? [0, 0, 0] : [loss.seg, loss.affinity, loss.regularization];
}
