// The floors below the hosts: no file, no clock, no screen; they run wherever a Runtime is passed in.
export * from "./config.ts";
export * from "./random.ts";
export * from "./user-error.ts";
export * as graph from "./graph/index.ts";
export type { NdArray, Runtime, Session } from "./graph/index.ts";
export { writeModel } from "./graph/index.ts";
export * from "./model/index.ts";
export * from "./pseudo/index.ts";
export { augment } from "./data/augment.ts";
export { normalize, normalizeToChannelsFirst } from "./data/normalize.ts";
export type { Batch, Dataset, Image, LabelMap, Sample, SampleReader } from "./data/sample.ts";
export { generateScene, sceneClasses } from "./data/scenes.ts";
export { ActivationPass } from "./eval/activations.ts";
export { meanLogitMargin, meanMargin } from "./eval/confidence.ts";
export { evaluate } from "./eval/evaluator.ts";
export {
  ExportedForward,
  ForwardPass,
  type Forward,
  type ForwardResult,
  type Logits,
} from "./eval/forward.ts";
export type { RefineLogits } from "./eval/look.ts";
export { ConfusionMatrix, tagF1 } from "./eval/metrics.ts";
export { networkImage, withLongSide } from "./eval/network-image.ts";
export { labelsOf, Predictor } from "./eval/predictor.ts";
export { evaluateStages, stageTitles, type StageScores } from "./eval/stages.ts";
export * from "./train/events.ts";
export {
  lossesAndGradients,
  type LabelledBatch,
  type LossesAndGradients,
} from "./train/losses-and-gradients.ts";
export { affinityLoss, classificationLoss, energyLoss, segmentationLoss } from "./train/losses.ts";
export { NetworkState } from "./train/network-state.ts";
export { AdamW } from "./train/optimizer.ts";
export { learningRateFactor } from "./train/schedule.ts";
export { buildStep } from "./train/step-graph.ts";
export { Stepper } from "./train/step.ts";
export { networkOf, trainNetwork } from "./train/trainer.ts";
export { exportOnnx } from "./weights/onnx-export.ts";
export { matchWeights, readMatched, type WeightMatch } from "./weights/match.ts";
export { openWeights } from "./weights/open.ts";
export { readPickle, type PickleOptions } from "./weights/pickle.ts";
export { decodeSafetensors, encodeSafetensors } from "./weights/safetensors.ts";
export type { Archive, ByteSource } from "./weights/source.ts";
export { understandWeights, type UnderstoodWeights } from "./weights/understand.ts";
export { readTensor, type StoredTensor, type WeightsFile } from "./weights/weights-file.ts";
