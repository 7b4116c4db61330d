import * as z from "zod/mini";

const backbones = z.enum([
  "mit_b0",
  "mit_b1",
  "mit_b2",
  "mit_b3",
  "mit_b4",
  "mit_b5",
  "pvt_v2_b0",
  "pvt_v2_b1",
  "pvt_v2_b2",
  "pvt_v2_b3",
  "pvt_v2_b4",
  "pvt_v2_b5",
  "mit_tiny",
  "mit_small",
  "pvt_v2_tiny",
]);

/** Meaning of each setting, by its schema. */
const meanings = new WeakMap<z.ZodMiniType, string>();

/** Declares a hyper-parameter with its type, default and meaning. */
function setting<
  Type extends z.ZodMiniType,
  Default extends z.core.util.NoUndefined<z.output<Type>>,
>(type: Type, value: Default, meaning: string): z.ZodMiniDefault<Type> {
  const schema = z._default(type, value);
  meanings.set(schema, meaning);
  return schema;
}

const count = z.int().check(z.minimum(0));
const positive = z.number().check(z.gt(0));
const share = z.number().check(z.minimum(0), z.maximum(1));
const rate = z.number().check(z.minimum(0), z.lt(1));
const triple = z.tuple([z.number(), z.number(), z.number()]);

// prettier-ignore
const model = z.strictObject({
  backbone: setting(backbones, "mit_b1", "encoder: Mix Transformer (AFA 4.1), or PVTv2, whose weights are free to use (arXiv 2106.13797)"),
  pooling: setting(z.enum(["max", "average"]), "max", "pooling of the features before the classifier (AFA table 6)"),
  decoderWidth: setting(z.int().check(z.minimum(1)), 256, "channels of the segmentation decoder (SegFormer 3.2)"),
  dropPath: setting(rate, 0.1, "probability of skipping the last block, rising linearly from 0 at the first (SegFormer)"),
  dropout: setting(rate, 0.1, "probability of dropping a channel before the segmentation logits (SegFormer)"),
});

// prettier-ignore
const data = z.strictObject({
  crop: setting(z.int().check(z.minimum(64), z.multipleOf(32)), 512, "side of a training crop, pixels (AFA 4.1)"),
  batch: setting(z.int().check(z.minimum(1)), 8, "crops in a step (AFA 4.1)"),
  maxSide: setting(count, 640, "long side to which larger images are shrunk before augmentation, pixels; 0: never"),
  scaleRange: setting(z.tuple([positive, positive]), [0.5, 2], "range of the random resize factor (AFA 4.1)"),
  flip: setting(share, 0.5, "probability of a horizontal flip (AFA 4.1)"),
  masks: setting(z.enum(["ignore", "train"]), "ignore", "whether true masks of training images, and corrections, replace the pseudo labels of their pixels (method 2.15)"),
  mergeCase: setting(z.boolean(), false, "whether tags that differ only in letter case are one class"),
  workers: setting(count.check(z.maximum(64)), 2, "threads that decode and augment images; 0: the training thread itself"),
  maskedShare: setting(share, 0.5, "share of the crops of a batch that images with masks take after affinitySteps, if data.masks is train; 0: as many as chance gives them"),
  mean: setting(triple, [123.675, 116.28, 103.53], "mean of red, green and blue in levels of 0..255, which is subtracted (ImageNet)"),
  std: setting(z.tuple([positive, positive, positive]), [58.395, 57.12, 57.375], "standard deviation of red, green and blue in levels of 0..255, the divisor (ImageNet)"),
});

// prettier-ignore
const pseudo = z.strictObject({
  scales: setting(z.array(positive).check(z.minLength(1)), [1, 0.5, 1.5], "image scales of class activation maps; 1 must be among them (AFA 4.1)"),
  thresholds: setting(z.enum(["fixed", "auto"]), "fixed", "whether lowThreshold and highThreshold are those set, or chosen from tags alone when the classification phase ends (method 2.16)"),
  lowThreshold: setting(share, 0.35, "highest activation at which a pixel is background (AFA 4.1, beta_l)"),
  highThreshold: setting(share, 0.55, "activation above which a pixel has the class (AFA 4.1, beta_h)"),
  backgroundThreshold: setting(share, 0.45, "background score in the evaluation of class activation maps (published code)"),
  radius: setting(z.union([z.literal("auto"), z.int().check(z.minimum(1))]), 8, "largest distance of affinity pairs, tokens of 16 pixels (AFA 3.3); auto: an eighth of the tokens across the shorter side, at least 1"),
  parIterations: setting(z.int().check(z.minimum(1)), 10, "iterations of pixel-adaptive refinement (AFA 3.4)"),
  parDilations: setting(z.array(z.int().check(z.minimum(1))).check(z.minLength(1)), [1, 2, 4, 8, 12, 24], "distances of the neighbors in pixel-adaptive refinement, pixels at half resolution (AFA 3.4)"),
});

// prettier-ignore
const train = z.strictObject({
  steps: setting(z.int().check(z.minimum(1)), 20000, "training steps; camSteps, affinitySteps and warmupSteps scale with it unless set (AFA 4.1)"),
  camSteps: setting(count, 2000, "steps at the start that train the classification alone (AFA 4.1)"),
  affinitySteps: setting(count, 6000, "steps before the segmentation learns from propagated labels (AFA 4.1)"),
  lr: setting(positive, 6e-5, "learning rate of the encoder (AFA 4.1)"),
  headLrScale: setting(positive, 10, "learning rate of the heads and the decoder as a multiple of lr (AFA 4.1)"),
  weightDecay: setting(z.number().check(z.minimum(0)), 0.01, "decoupled weight decay of AdamW (published code)"),
  betas: setting(z.tuple([rate, rate]), [0.9, 0.999], "decay rates of AdamW's first and second moments"),
  eps: setting(positive, 1e-8, "term in the denominator of AdamW that keeps it above 0"),
  warmupSteps: setting(count, 1500, "steps of learning rate warm-up (published code)"),
  warmupRatio: setting(share, 1e-6, "learning rate at step 0 as a share of the full one (published code)"),
  power: setting(positive, 1, "exponent of the polynomial decay of the learning rate (AFA 4.1)"),
  freezeNorms: setting(z.boolean(), true, "whether the encoder's norms keep their values, as suits pretrained weights (published code)"),
  affinityLabels: setting(z.enum(["pseudo", "propagated"]), "pseudo", "label that the affinity learns from after affinitySteps (published VOC and COCO recipes)"),
  microBatch: setting(count, 0, "crops computed at a time, a divisor of data.batch; 0: the whole batch. Gradients are summed; a micro-batch needs less memory but changes the statistics of the decoder's BatchNorm, unless syncNorm is true"),
  syncNorm: setting(z.boolean(), false, "whether the decoder's BatchNorm normalizes by the statistics of the whole batch, over all micro-batches of all processes, instead of each micro-batch by its own; the encoder then computes its features twice (published code)"),
  labelWorkers: setting(z.union([z.literal("auto"), count.check(z.maximum(64))]), "auto", "threads that make labels, one crop each; 0: the training thread itself; auto: as many as cores and memory allow while the training stays within about 6 GB. Up to a fifth faster for crops up to 320, at 100 to 400 MB a thread"),
  warmupLosses: setting(z.boolean(), false, "whether to compute and report the other losses in the classification phase too, where they train nothing (published logs)"),
  seed: setting(count.check(z.maximum(2 ** 32 - 1)), 0, "seed of all random numbers"),
  validateEvery: setting(count, 2000, "steps between validations; 0: only at the end"),
  patience: setting(count, 0, "validations in a row without a better F1 of the tags, after affinitySteps, that end the training; 0: all steps are made"),
  checkpointEvery: setting(count, 500, "steps between checkpoints; 0: only at the end"),
});

// prettier-ignore
const loss = z.strictObject({
  seg: setting(z.number().check(z.minimum(0)), 0.1, "weight of the segmentation loss (AFA 4.1, lambda_1)"),
  affinity: setting(z.number().check(z.minimum(0)), 0.1, "weight of the affinity loss (AFA 4.1, lambda_2)"),
  regularization: setting(z.number().check(z.minimum(0)), 0, "weight of the dense energy (AFA 4.1, lambda_3)"),
});

// prettier-ignore
const evaluation = z.strictObject({
  longSide: setting(z.int().check(z.minimum(32)), 512, "long side that images are resized to, pixels (published code)"),
  scales: setting(z.array(positive).check(z.minLength(1)), [1], "image scales, whose logits are combined by their maximum (published code)"),
  flip: setting(z.boolean(), false, "whether to average with the logits of the mirror image (published code)"),
  maxImages: setting(count, 0, "images of a validation during training; 0: all"),
  minSide: setting(count, 0, "long side to which smaller images are enlarged for class activations and validation, pixels; 0: never"),
  maxSide: setting(z.int().check(z.minimum(64)), 640, "long side to which larger images are shrunk for class activations, pixels; the affinity needs memory in proportion to its fourth power"),
});

/** Every hyper-parameter, in a section for each folder that reads it. Defaults are the VOC recipe. */
export const schema = z.strictObject({
  model: z.prefault(model, {}),
  data: z.prefault(data, {}),
  pseudo: z.prefault(pseudo, {}),
  train: z.prefault(train, {}),
  loss: z.prefault(loss, {}),
  eval: z.prefault(evaluation, {}),
});

export type Config = z.output<typeof schema>;
export type ConfigInput = z.input<typeof schema>;

export const backboneNames: readonly Config["model"]["backbone"][] = backbones.options;

/** The settings of each section, by name. */
export const sections: Readonly<Record<string, Readonly<Record<string, z.ZodMiniType>>>> = {
  model: model.shape,
  data: data.shape,
  pseudo: pseudo.shape,
  train: train.shape,
  loss: loss.shape,
  eval: evaluation.shape,
};

/** One hyper-parameter and what it means. */
export interface Setting {
  /** Section and name, for example `train.lr`. */
  readonly key: string;
  readonly meaning: string;
}

/** All hyper-parameters in the order of the schema. */
export function listSettings(): Setting[] {
  return Object.entries(sections).flatMap(([section, fields]) =>
    Object.entries(fields).map(([name, field]) => ({
      key: `${section}.${name}`,
      meaning: meanings.get(field) ?? "",
    })),
  );
}
