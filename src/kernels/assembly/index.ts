export { adamw } from "./adamw";
export { latticeBridge, latticeEmbed, latticeIndex, latticeLines } from "./lattice";
export { latticeBlur, latticeSlice, latticeSplat } from "./lattice-filter";
export { gaussianAcross, gaussianDown, softmaxRows } from "./mean-field";
export { parIterate, parReplicate, parWeights } from "./par";
