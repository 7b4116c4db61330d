// The floors below the hosts: no file, no clock, no screen; they run wherever a Runtime is passed in.
export * from "./method/config.ts";
export * from "./engine/random.ts";
export * from "./user-error.ts";
export * as graph from "./engine/graph/index.ts";
export type { NdArray, Runtime, Session } from "./engine/graph/index.ts";
export { writeModel } from "./engine/graph/index.ts";
export * from "./method/model/index.ts";
export * from "./method/labels/index.ts";
export { augment } from "./method/data/augment.ts";
export { normalize, normalizeToChannelsFirst } from "./method/images/normalize.ts";
export type { Batch, Dataset, Sample, SampleReader } from "./method/data/sample.ts";
export type { Image, LabelMap } from "./method/images/image.ts";
export { generateScene, sceneClasses } from "./method/data/scenes.ts";
export { ActivationPass } from "./method/inference/activations.ts";
export { meanMargin } from "./method/images/margin.ts";
export { evaluate } from "./method/eval/evaluator.ts";
export {
  ExportedForward,
  ForwardPass,
  type Forward,
  type ForwardResult,
  type Logits,
} from "./method/inference/forward.ts";
export type { ExportedModel, OpenedModel } from "./method/inference/model.ts";
export type { RefineLogits } from "./method/inference/refine-logits.ts";
export { ConfusionMatrix, tagF1 } from "./method/eval/metrics.ts";
export {
  Segmenter,
  type Segmentation,
  type SegmenterSetup,
  type SegmentOptions,
} from "./method/inference/segmenter.ts";
export { networkImage, withLongSide } from "./method/inference/network-image.ts";
export { Predictor } from "./method/inference/predictor.ts";
export { evaluateStages, stageTitles, type StageScores } from "./method/eval/stages.ts";
export * from "./method/train/events.ts";
export {
  lossesAndGradients,
  type LabelledBatch,
  type LossesAndGradients,
} from "./method/train/losses-and-gradients.ts";
export {
  affinityLoss,
  classificationLoss,
  energyLoss,
  segmentationLoss,
} from "./method/train/losses.ts";
export { NetworkState } from "./method/train/network-state.ts";
export { AdamW } from "./method/train/optimizer.ts";
export { learningRateFactor } from "./method/train/schedule.ts";
export { buildStep } from "./method/train/step-graph.ts";
export { Stepper } from "./method/train/step.ts";
export { networkOf, trainNetwork } from "./method/train/trainer.ts";
export { exportOnnx } from "./files/export/onnx.ts";
export { matchWeights, readMatched, type WeightMatch } from "./files/weights/match.ts";
export { openWeights } from "./files/weights/open.ts";
export { readPickle, type PickleOptions } from "./files/weights/pickle.ts";
export { decodeSafetensors, encodeSafetensors } from "./files/weights/safetensors.ts";
export type { Archive, ByteSource } from "./host/byte-source.ts";
export { understandWeights, type UnderstoodWeights } from "./files/weights/understand.ts";
export { readTensor, type StoredTensor, type WeightsFile } from "./files/weights/weights-file.ts";
