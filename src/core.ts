// The library without a host: no files, no clock, no screen; it runs wherever a Runtime is passed in.
export * from "./method/config.ts";
export * from "./engine/random.ts";
export * from "./user-error.ts";
export * as graph from "./engine/graph/index.ts";
export type { NdArray, Runtime, Session } from "./engine/graph/index.ts";
export { writeModel } from "./engine/graph/index.ts";
export type { Initializer, Parameter } from "./engine/nn/index.ts";
export * from "./method/model/index.ts";
export { networkOf } from "./method/model/network-of.ts";
export * from "./method/labels/index.ts";
export { crfLabels } from "./method/refine/crf-labels.ts";
export { DenseCrf, type CrfOptions } from "./method/refine/crf.ts";
export {
  denseEnergy,
  DenseEnergy,
  type BilateralFilter,
  type DenseEnergyInput,
  type DenseEnergyOptions,
  type DenseEnergyResult,
} from "./method/refine/dense-energy.ts";
export { Par } from "./method/refine/par.ts";
export { augment, type AugmentOptions, type Augmented } from "./method/data/augment.ts";
export {
  normalize,
  normalizeToChannelsFirst,
  type Normalization,
} from "./method/images/normalize.ts";
export type { KnownMask } from "./method/data/known-mask.ts";
export { TrainingSampler, type PlannedItem, type Preferred } from "./method/data/sampler.ts";
export type { Batch, BatchSource, Dataset, Sample, SampleReader } from "./method/data/sample.ts";
export { labelsOf } from "./method/images/labels-of-logits.ts";
export { activationMaps, type Box, type Maps } from "./method/images/maps.ts";
export { resizeMaps, resizeGradient } from "./method/images/resize-maps.ts";
export { resizePixels } from "./method/images/normalize-resized.ts";
export { ignoreIndex, type Image, type LabelMap } from "./method/images/image.ts";
export {
  generateScene,
  sceneClasses,
  type Scene,
  type SceneOptions,
} from "./method/data/scenes.ts";
export {
  ActivationPass,
  type ActivationOptions,
  type Activations,
} from "./method/inference/activations.ts";
export { planesOf, type NetworkFeeds } from "./method/inference/network-feeds.ts";
export { refinedLabel, type RatedLabels } from "./method/inference/refined-label.ts";
export { meanLogitMargin, meanMargin } from "./method/images/confidence.ts";
export {
  evaluate,
  type Evaluation,
  type EvaluationProgress,
  type EvaluatorOptions,
  type MeasuredSample,
  type ImageResult,
  type Measured,
  type Networks,
  type SegmentingNetworks,
  type ValidationPanel,
  type ValidationScores,
} from "./method/eval/evaluator.ts";
export {
  ExportedForward,
  ForwardPass,
  type Forward,
  type ForwardPassOptions,
  type ForwardResult,
  type Logits,
} from "./method/inference/forward.ts";
export type { Heat, ViewOptions } from "./method/eval/look.ts";
export type { ExportedModel, OpenedModel } from "./method/inference/model.ts";
export type { RefineLogits } from "./method/inference/refine-logits.ts";
export type {
  SourceChoice,
  SourceLimits,
  SourceMeasurements,
  TagMaskSource,
} from "./method/inference/label-source.ts";
export { ConfusionMatrix, tagF1 } from "./method/eval/metrics.ts";
export type { ImageScores, KnownScores } from "./method/eval/tally.ts";
export {
  Segmenter,
  type LabelOptions,
  type Segmentation,
  type SegmenterSetup,
  type SegmentOptions,
} from "./method/inference/segmenter.ts";
export {
  networkImage,
  pixelsWithLongSide,
  withLongSide,
  type SideBounds,
} from "./method/inference/long-side.ts";
export { Predictor, type PredictOptions, type Prediction } from "./method/inference/predictor.ts";
export {
  evaluateStages,
  stageTitles,
  type StageName,
  type StageOptions,
  type StageScore,
  type StageExample,
  type StageScores,
} from "./method/eval/stages.ts";
export * from "./method/train/events.ts";
export type { ThresholdFit } from "./method/train/threshold-fit.ts";
export { phaseAt, type Phase } from "./method/train/phase.ts";
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
  type AffinityLoss,
} from "./method/train/losses.ts";
export { NetworkState } from "./method/train/network-state.ts";
export { ratesAt } from "./method/train/parameter-groups.ts";
export {
  ParameterArena,
  type ArenaSlot,
  type NamedArrays,
  type ParameterSpec,
} from "./method/train/arena.ts";
export { AdamW, type GroupRates, type Rates } from "./method/train/optimizer.ts";
export { learningRateFactor, type Schedule } from "./method/train/learning-rate.ts";
export {
  buildStep,
  type PassOptions,
  type StepGraph,
  type StepGraphOptions,
  type StepKind,
} from "./method/train/step-graph.ts";
export type {
  LabelInput,
  LabelSeconds,
  LabelSource,
  MadeLabels,
  StepLabels,
} from "./method/train/labels.ts";
export { Stepper, type StepResult } from "./method/train/step.ts";
export { trainNetwork, type Lanes, type TrainNetworkOptions } from "./method/train/trainer.ts";
export { exportOnnx, type OnnxExportOptions } from "./files/export/onnx.ts";
export type { Precision } from "./files/export/precision.ts";
export type { Element, ElementType } from "./files/weights/elements.ts";
export { matchWeights, readMatched, type Misfit, type WeightMatch } from "./files/weights/match.ts";
export { openWeights } from "./files/weights/open.ts";
export type { Naming } from "./files/weights/names.ts";
export { readPickle, type PickleFunction, type PickleOptions } from "./files/weights/pickle.ts";
export type { Architecture } from "./files/weights/recognize.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  type TensorFile,
} from "./files/weights/safetensors.ts";
export type { Archive, ByteSource } from "./host/byte-source.ts";
export type { Exchange } from "./host/exchange.ts";
export { understandWeights, type UnderstoodWeights } from "./files/weights/understand.ts";
export { readTensor, type StoredTensor, type WeightsFile } from "./files/weights/weights-file.ts";
