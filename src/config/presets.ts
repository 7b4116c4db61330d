import type { ConfigInput } from "./schema.ts";

/** What differs from the defaults of the schema, which are the VOC recipe. */
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
  /** From random weights on a few hundred small images and a CPU. */
  small: {
    model: { backbone: "mit_small", decoderWidth: 64, dropPath: 0, dropout: 0 },
    data: { crop: 128, batch: 8, maxSide: 160, scaleRange: [0.75, 1.5], workers: 1 },
    pseudo: { radius: 3, parDilations: [1, 2, 4, 8] },
    train: {
      steps: 800,
      camSteps: 200,
      affinitySteps: 400,
      lr: 1e-3,
      headLrScale: 1,
      warmupSteps: 50,
      freezeNorms: false,
      validateEvery: 200,
      checkpointEvery: 50,
    },
    eval: { longSide: 160, maxImages: 100, maxSide: 160 },
  },
} as const satisfies Record<string, ConfigInput>;

export type PresetName = keyof typeof presets;

export const presetNames = Object.keys(presets) as PresetName[];
