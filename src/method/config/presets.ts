import type { ConfigInput } from "./schema.ts";

/** Name of a preset. */
export type PresetName = "voc" | "coco" | "own" | "small";

/** Settings of each preset that differ from the defaults of the schema, which are those of the VOC recipe. */
export const presets = {
  /** PASCAL VOC 2012, 20 classes. */
  voc: {},
  /** MS COCO 2014, 80 classes. */
  coco: {
    pseudo: { parIterations: 15 },
    train: {
      steps: 80000,
      camSteps: 5000,
      affinitySteps: 15000,
      affinityLabels: "propagated",
    },
  },
  /**
   * Photographs of one's own, starting from ImageNet weights: AFA's losses on smaller crops, with thresholds chosen from tags, for as many
   * steps as there are images for (`stepsFor`). Unproven on photographs.
   */
  own: {
    model: { backbone: "pvt_v2_b1" },
    data: { crop: 320, batch: 4 },
    pseudo: { radius: "auto", thresholds: "auto" },
    train: { validateEvery: 1000, patience: 4 },
  },
  /** A few hundred small images on a CPU, starting from random weights. */
  small: {
    model: { backbone: "mit_small", decoderWidth: 64, dropPath: 0, dropout: 0 },
    data: { crop: 128, batch: 8, maxSide: 160, scaleRange: [1, 2], workers: 1, maskedShare: 0.75 },
    // Without pretrained weights, activations on background are higher than in the paper.
    pseudo: { lowThreshold: 0.45, highThreshold: 0.65, radius: "auto", parDilations: [1, 2, 4, 8] },
    train: {
      steps: 500,
      camSteps: 120,
      affinitySteps: 300,
      lr: 1e-3,
      headLrScale: 1,
      warmupSteps: 50,
      power: 2,
      freezeNorms: false,
      validateEvery: 250,
      checkpointEvery: 50,
    },
    loss: { seg: 0.5 },
    eval: { longSide: 320, maxImages: 50, minSide: 320, maxSide: 320 },
  },
} as const satisfies Record<PresetName, ConfigInput>;

/** Images and steps of the published VOC recipe. */
const published = { images: 10582, steps: 20000 };
const leastSteps = 1000;

/**
 * Steps of the preset `own` for a number of training images: those of VOC for as many images as VOC has, fewer in proportion
 * to the square root of the number for fewer images. A tenth of the images is then seen three times as often, since each
 * teaches less.
 */
export function stepsFor(images: number): number {
  const share = Math.min(1, Math.sqrt(images / published.images));
  return Math.max(leastSteps, 100 * Math.round((published.steps * share) / 100));
}

export const presetNames = Object.keys(presets) as PresetName[];
