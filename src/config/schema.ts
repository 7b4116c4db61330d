import { z } from "zod";

const backbones = z.enum([
  "mit_b0",
  "mit_b1",
  "mit_b2",
  "mit_b3",
  "mit_b4",
  "mit_b5",
  "mit_tiny",
  "mit_small",
]);

const count = z.int().min(0);
const positive = z.number().gt(0);
const share = z.number().min(0).max(1);
const rate = z.number().min(0).lt(1);
const triple = z.tuple([z.number(), z.number(), z.number()]);

// prettier-ignore
const model = z.strictObject({
  backbone: backbones.default("mit_b1").describe("encoder, Mix Transformer (AFA 4.1)"),
  pooling: z.enum(["max", "average"]).default("max").describe("of the features before the classifier (AFA table 6)"),
  decoderWidth: z.int().min(1).default(256).describe("channels of the segmentation decoder (SegFormer 3.2)"),
  dropPath: rate.default(0.1).describe("chance to skip the last block, growing from 0 at the first (SegFormer)"),
  dropout: rate.default(0.1).describe("chance to drop a channel before the segmentation logits (SegFormer)"),
});

// prettier-ignore
const data = z.strictObject({
  crop: z.int().min(64).multipleOf(32).default(512).describe("side of a training crop, pixels (AFA 4.1)"),
  batch: z.int().min(1).default(8).describe("crops in a step (AFA 4.1)"),
  maxSide: count.default(640).describe("larger images are shrunk to this long side before they are augmented, pixels; 0 is never"),
  scaleRange: z.tuple([positive, positive]).default([0.5, 2]).describe("random resize factor, from and to (AFA 4.1)"),
  flip: share.default(0.5).describe("chance of a horizontal flip (AFA 4.1)"),
  workers: count.max(64).default(2).describe("threads that decode and augment; 0 is the training thread itself"),
  mean: triple.default([123.675, 116.28, 103.53]).describe("subtracted from red, green, blue, of 255 (ImageNet)"),
  std: z.tuple([positive, positive, positive]).default([58.395, 57.12, 57.375]).describe("divides red, green, blue, of 255 (ImageNet)"),
});

// prettier-ignore
const pseudo = z.strictObject({
  scales: z.array(positive).min(1).default([1, 0.5, 1.5]).describe("image scales of a class activation map, 1 among them (AFA 4.1)"),
  lowThreshold: share.default(0.35).describe("activation up to which a pixel is background (AFA 4.1, beta_l)"),
  highThreshold: share.default(0.55).describe("activation above which a pixel is its class (AFA 4.1, beta_h)"),
  backgroundThreshold: share.default(0.45).describe("background score when activation maps are evaluated (published code)"),
  radius: z.int().min(1).default(8).describe("window of affinity pairs, tokens of 16 pixels (AFA 3.3)"),
  parIterations: z.int().min(1).default(10).describe("rounds of pixel-adaptive refinement (AFA 3.4)"),
  parDilations: z.array(z.int().min(1)).min(1).default([1, 2, 4, 8, 12, 24]).describe("distances of its neighbors, pixels at half resolution (AFA 3.4)"),
});

// prettier-ignore
const train = z.strictObject({
  steps: z.int().min(1).default(20000).describe("length; camSteps, affinitySteps and warmupSteps shrink with it unless set (AFA 4.1)"),
  camSteps: count.default(2000).describe("steps of classification alone at the start (AFA 4.1)"),
  affinitySteps: count.default(6000).describe("steps until propagated labels train the segmentation (AFA 4.1)"),
  lr: positive.default(6e-5).describe("learning rate of the encoder (AFA 4.1)"),
  headLrScale: positive.default(10).describe("times lr is the learning rate of the heads (AFA 4.1)"),
  weightDecay: z.number().min(0).default(0.01).describe("decoupled decay of AdamW (published code)"),
  betas: z.tuple([rate, rate]).default([0.9, 0.999]).describe("decay of AdamW's two moments"),
  eps: positive.default(1e-8).describe("keeps AdamW's division finite"),
  warmupSteps: count.default(1500).describe("steps of rising learning rate (published code)"),
  warmupRatio: share.default(1e-6).describe("share of the learning rate at step 0 (published code)"),
  power: positive.default(1).describe("of the polynomial decay of the learning rate (AFA 4.1)"),
  freezeNorms: z.boolean().default(true).describe("encoder norms keep their values: right for pretrained weights (published code)"),
  affinityLabels: z.enum(["pseudo", "propagated"]).default("pseudo").describe("affinity learns from, after affinitySteps (published VOC and COCO recipes)"),
  microBatch: count.default(0).describe("crops computed at a time, their gradients added up: less memory, at other statistics of the decoder's BatchNorm; divides data.batch, 0 is all of it"),
  labelWorkers: z.union([z.literal("auto"), count.max(64)]).default("auto").describe("threads that make the labels of a crop each: up to a fifth faster at crops to 320, for 100 to 400 MB a thread; 0 is the training thread itself, auto as many as there are cores and memory for, if the training stays within about 6 GB"),
  warmupLosses: z.boolean().default(false).describe("compute the other losses in the classification phase too, to be looked at: they train nothing there (published logs)"),
  seed: count.max(2 ** 32 - 1).default(0).describe("of every random number"),
  validateEvery: count.default(2000).describe("steps between validations; 0 is at the end only"),
  checkpointEvery: count.default(500).describe("steps between checkpoints; 0 is at the end only"),
});

// prettier-ignore
const loss = z.strictObject({
  seg: z.number().min(0).default(0.1).describe("weight of the segmentation loss (AFA 4.1, lambda_1)"),
  affinity: z.number().min(0).default(0.1).describe("weight of the affinity loss (AFA 4.1, lambda_2)"),
  regularization: z.number().min(0).default(0).describe("weight of the dense energy (AFA 4.1, lambda_3)"),
});

// prettier-ignore
const evaluation = z.strictObject({
  longSide: z.int().min(32).default(512).describe("images are resized to this long side, pixels (published code)"),
  scales: z.array(positive).min(1).default([1]).describe("image scales, maximum of their logits (published code)"),
  flip: z.boolean().default(false).describe("average with the mirrored image's logits (published code)"),
  maxImages: count.default(0).describe("images of a validation during training; 0 is all"),
  maxSide: z.int().min(64).default(640).describe("larger images are shrunk to this long side for activations, whose affinity grows with its fourth power"),
});

/** Every hyper-parameter, in a section for each folder that reads it. Defaults are the VOC recipe. */
export const schema = z.strictObject({
  model: model.prefault({}),
  data: data.prefault({}),
  pseudo: pseudo.prefault({}),
  train: train.prefault({}),
  loss: loss.prefault({}),
  eval: evaluation.prefault({}),
});

export type Config = z.output<typeof schema>;
export type ConfigInput = z.input<typeof schema>;

export const backboneNames: readonly Config["model"]["backbone"][] = backbones.options;

/** The settings of each section, by name. */
export const sections: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  model: model.shape,
  data: data.shape,
  pseudo: pseudo.shape,
  train: train.shape,
  loss: loss.shape,
  eval: evaluation.shape,
};

/** One hyper-parameter and what it means. */
export interface Setting {
  /** As `--set` takes it: `train.lr`. */
  readonly key: string;
  readonly meaning: string;
}

/** All hyper-parameters in the order of the schema. */
export function listSettings(): Setting[] {
  return Object.entries(sections).flatMap(([section, fields]) =>
    Object.entries(fields).map(([name, field]) => ({
      key: `${section}.${name}`,
      meaning: field.description ?? "",
    })),
  );
}
