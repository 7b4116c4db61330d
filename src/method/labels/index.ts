export { affinityLabel, type AffinityLabel } from "./affinity-label.ts";
export { isKnownInside, mergeKnown } from "./known-labels.ts";
export { mergeCam, type ScaledCam } from "./cam.ts";
export {
  labelAtSize,
  labelOf,
  pseudoLabel,
  thresholdsOf,
  type Thresholds,
} from "./pseudo-label.ts";
export { candidateScores, explainedVariance, thresholdsFor } from "./threshold-rule.ts";
export { tokenAffinity, type TokenAffinity } from "./token-affinity.ts";
export { windowRadius } from "./window-radius.ts";
export { propagateAffinity, type Affinity } from "./random-walk.ts";
export {
  colorPlanes,
  refineAffinityLabel,
  refineInside,
  refinePseudoLabel,
  refinePseudoLabels,
  refineScores,
  sureLabels,
} from "./refined-labels.ts";
