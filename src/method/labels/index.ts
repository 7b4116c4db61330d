export { affinityLabel, type AffinityLabel } from "./affinity-label.ts";
export { mergeCam, type ScaledCam } from "./cam.ts";
export { crfLabels } from "../refine/crf-labels.ts";
export { DenseCrf, type CrfOptions } from "../refine/crf.ts";
export {
  denseEnergy,
  DenseEnergy,
  type BilateralFilter,
  type DenseEnergyInput,
  type DenseEnergyOptions,
  type DenseEnergyResult,
} from "../refine/dense-energy.ts";
export { meanLogitMargin } from "../images/margin.ts";
export { activationMaps, type Box, type Maps } from "../images/maps.ts";
export { Par } from "../refine/par.ts";
export { labelAtSize, labelOf, pseudoLabel, type Thresholds } from "./pseudo-label.ts";
export { propagateAffinity, type Affinity } from "./random-walk.ts";
export {
  colorPlanes,
  refineAffinityLabel,
  refineInside,
  refinePseudoLabel,
} from "./refined-labels.ts";
export { resizeMaps, resizeGradient } from "../images/resize-maps.ts";
export { resizePixels } from "../images/resize-pixels.ts";
export { labelsOf } from "../images/labels-of-logits.ts";
