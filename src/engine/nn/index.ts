export { fanInUniform, normal, ones, zeros } from "./init.ts";
export { BatchNorm, Conv2d, DepthwiseConv, LayerNorm, Linear, pointwiseWeight } from "./layers.ts";
export type { Initializer } from "./parameter.ts";
export { nameParameters, Parameter, parametersOf } from "./parameter.ts";
