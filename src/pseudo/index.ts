export { affinityLabel, type AffinityLabel } from "./affinity-label.ts";
export { mergeCam, type ScaledCam } from "./cam.ts";
export { crfLabels } from "./crf-labels.ts";
export { DenseCrf, type CrfOptions } from "./crf.ts";
export {
  denseEnergy,
  DenseEnergy,
  type BilateralFilter,
  type DenseEnergyInput,
  type DenseEnergyOptions,
  type DenseEnergyResult,
} from "./dense-energy.ts";
export { meanLogitMargin } from "./logit-margin.ts";
export {
  ignoreLabel,
  activationMaps,
  type Box,
  type Labels,
  type Maps,
  type RgbImage,
} from "./maps.ts";
export { Par } from "./par.ts";
export { labelAtSize, labelOf, pseudoLabel, type Thresholds } from "./pseudo-label.ts";
export { propagateAffinity, type Affinity } from "./random-walk.ts";
export { colorPlanes, refineAffinityLabel, refineInside, refinePseudoLabel } from "./refine.ts";
export { resizeMaps, resizeGradient } from "./resize.ts";
export { resizePixels } from "./resize-pixels.ts";
export { labelsOf } from "./upsampled-labels.ts";
