export { affinityLabel, type AffinityLabel } from "./affinity-label.ts";
export { isKnownInside, mergeKnown } from "./known-labels.ts";
export { mergeCam, type ScaledCam } from "./cam.ts";
export { labelAtSize, labelOf, pseudoLabel, type Thresholds } from "./pseudo-label.ts";
export { windowRadius } from "./window-radius.ts";
export { propagateAffinity, type Affinity } from "./random-walk.ts";
export {
  colorPlanes,
  refineAffinityLabel,
  refineInside,
  refinePseudoLabel,
} from "./refined-labels.ts";
