import * as z from "zod/mini";

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

/** Meaning of each setting, by its schema. */
const meanings = new WeakMap<z.ZodMiniType, string>();

/** A hyper-parameter: the values it takes, its default and its meaning. */
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
  backbone: setting(backbones, "mit_b1", "encoder, Mix Transformer (AFA 4.1)"),
  pooling: setting(z.enum(["max", "average"]), "max", "of the features before the classifier (AFA table 6)"),
  decoderWidth: setting(z.int().check(z.minimum(1)), 256, "channels of the segmentation decoder (SegFormer 3.2)"),
  dropPath: setting(rate, 0.1, "chance to skip the last block, growing from 0 at the first (SegFormer)"),
  dropout: setting(rate, 0.1, "chance to drop a channel before the segmentation logits (SegFormer)"),
});

// prettier-ignore
const data = z.strictObject({
  crop: setting(z.int().check(z.minimum(64), z.multipleOf(32)), 512, "side of a training crop, pixels (AFA 4.1)"),
  batch: setting(z.int().check(z.minimum(1)), 8, "crops in a step (AFA 4.1)"),
  maxSide: setting(count, 640, "larger images are shrunk to this long side before they are augmented, pixels; 0 is never"),
  scaleRange: setting(z.tuple([positive, positive]), [0.5, 2], "random resize factor, from and to (AFA 4.1)"),
  flip: setting(share, 0.5, "chance of a horizontal flip (AFA 4.1)"),
  workers: setting(count.check(z.maximum(64)), 2, "threads that decode and augment; 0 is the training thread itself"),
  mean: setting(triple, [123.675, 116.28, 103.53], "subtracted from red, green, blue, of 255 (ImageNet)"),
  std: setting(z.tuple([positive, positive, positive]), [58.395, 57.12, 57.375], "divides red, green, blue, of 255 (ImageNet)"),
});

// prettier-ignore
const pseudo = z.strictObject({
  scales: setting(z.array(positive).check(z.minLength(1)), [1, 0.5, 1.5], "image scales of a class activation map, 1 among them (AFA 4.1)"),
  lowThreshold: setting(share, 0.35, "activation up to which a pixel is background (AFA 4.1, beta_l)"),
  highThreshold: setting(share, 0.55, "activation above which a pixel is its class (AFA 4.1, beta_h)"),
  backgroundThreshold: setting(share, 0.45, "background score when activation maps are evaluated (published code)"),
  radius: setting(z.int().check(z.minimum(1)), 8, "window of affinity pairs, tokens of 16 pixels (AFA 3.3)"),
  parIterations: setting(z.int().check(z.minimum(1)), 10, "rounds of pixel-adaptive refinement (AFA 3.4)"),
  parDilations: setting(z.array(z.int().check(z.minimum(1))).check(z.minLength(1)), [1, 2, 4, 8, 12, 24], "distances of its neighbors, pixels at half resolution (AFA 3.4)"),
});

// prettier-ignore
const train = z.strictObject({
  steps: setting(z.int().check(z.minimum(1)), 20000, "length; camSteps, affinitySteps and warmupSteps shrink with it unless set (AFA 4.1)"),
  camSteps: setting(count, 2000, "steps of classification alone at the start (AFA 4.1)"),
  affinitySteps: setting(count, 6000, "steps until propagated labels train the segmentation (AFA 4.1)"),
  lr: setting(positive, 6e-5, "learning rate of the encoder (AFA 4.1)"),
  headLrScale: setting(positive, 10, "times lr is the learning rate of the heads (AFA 4.1)"),
  weightDecay: setting(z.number().check(z.minimum(0)), 0.01, "decoupled decay of AdamW (published code)"),
  betas: setting(z.tuple([rate, rate]), [0.9, 0.999], "decay of AdamW's two moments"),
  eps: setting(positive, 1e-8, "keeps AdamW's division finite"),
  warmupSteps: setting(count, 1500, "steps of rising learning rate (published code)"),
  warmupRatio: setting(share, 1e-6, "share of the learning rate at step 0 (published code)"),
  power: setting(positive, 1, "of the polynomial decay of the learning rate (AFA 4.1)"),
  freezeNorms: setting(z.boolean(), true, "encoder norms keep their values: right for pretrained weights (published code)"),
  affinityLabels: setting(z.enum(["pseudo", "propagated"]), "pseudo", "affinity learns from, after affinitySteps (published VOC and COCO recipes)"),
  microBatch: setting(count, 0, "crops computed at a time, their gradients added up: less memory, at other statistics of the decoder's BatchNorm; divides data.batch, 0 is all of it"),
  labelWorkers: setting(z.union([z.literal("auto"), count.check(z.maximum(64))]), "auto", "threads that make the labels of a crop each: up to a fifth faster at crops to 320, for 100 to 400 MB a thread; 0 is the training thread itself, auto as many as there are cores and memory for, if the training stays within about 6 GB"),
  warmupLosses: setting(z.boolean(), false, "compute the other losses in the classification phase too, to be looked at: they train nothing there (published logs)"),
  seed: setting(count.check(z.maximum(2 ** 32 - 1)), 0, "of every random number"),
  validateEvery: setting(count, 2000, "steps between validations; 0 is at the end only"),
  checkpointEvery: setting(count, 500, "steps between checkpoints; 0 is at the end only"),
});

// prettier-ignore
const loss = z.strictObject({
  seg: setting(z.number().check(z.minimum(0)), 0.1, "weight of the segmentation loss (AFA 4.1, lambda_1)"),
  affinity: setting(z.number().check(z.minimum(0)), 0.1, "weight of the affinity loss (AFA 4.1, lambda_2)"),
  regularization: setting(z.number().check(z.minimum(0)), 0, "weight of the dense energy (AFA 4.1, lambda_3)"),
});

// prettier-ignore
const evaluation = z.strictObject({
  longSide: setting(z.int().check(z.minimum(32)), 512, "images are resized to this long side, pixels (published code)"),
  scales: setting(z.array(positive).check(z.minLength(1)), [1], "image scales, maximum of their logits (published code)"),
  flip: setting(z.boolean(), false, "average with the mirrored image's logits (published code)"),
  maxImages: setting(count, 0, "images of a validation during training; 0 is all"),
  maxSide: setting(z.int().check(z.minimum(64)), 640, "larger images are shrunk to this long side for activations, whose affinity grows with its fourth power"),
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
