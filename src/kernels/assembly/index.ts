export { adamw } from "./adamw";
export { parIterate, parReplicate, parWeights } from "./par";
