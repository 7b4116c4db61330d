export type { AfaOptions, AfaOutputs, ParameterGroup } from "./afa.ts";
export { Afa, imageInput } from "./afa.ts";
export type { Backbone, BackboneName } from "./backbones.ts";
export { backbones } from "./backbones.ts";
export type { AffinityHead, Classifier, Pooling, SegmentationDecoder } from "./heads.ts";
export type { HiddenLayout, MixTransformer } from "./mit.ts";
