import type { NewRun } from "../../src/studio/protocol.ts";

/** A training of a few steps that teaches nothing. */
export const tinyRun = {
  preset: "small",
  device: "cpu",
  batch: 2,
  crop: 64,
  set: {
    "model.backbone": "mit_tiny",
    "model.decoderWidth": 8,
    "data.workers": 0,
    "train.labelWorkers": 0,
    "train.validateEvery": 0,
    "eval.maxImages": 2,
    "eval.longSide": 64,
    "eval.minSide": 64,
  },
} satisfies NewRun;
