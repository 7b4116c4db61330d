export type { AfaOptions, AfaOutputs, ParameterGroup } from "./afa.ts";
export { Afa, imageInput } from "./afa.ts";
export type { Backbone, BackboneName } from "./backbones.ts";
export { backbones, isSameBackbone } from "./backbones.ts";
export type { Pooling, Segmented } from "./heads.ts";
export type { HiddenLayout } from "./mit.ts";
