export { adamw } from "./adamw";
export { allFinite, findContenders, labelStrip } from "./labels";
export { latticeBridge, latticeEmbed, latticeIndex, latticeLines } from "./lattice";
export { latticeBlur, latticeSlice, latticeSplat } from "./lattice-filter";
export { marginSum } from "./margin";
export { gaussianAcross, gaussianDown, softmaxRows } from "./mean-field";
export { parIterate, parReplicate, parWeights } from "./par";
export { mixRows, pixelValues, resizeAcross, resizeMap } from "./resize";
