import {
  type Dim,
  type Grid,
  type Tensor,
  type WholeBatch,
  add,
  fromChannelsFirst,
  gradients,
  input,
  mul,
  reshape,
  resizeBilinear,
  resizeMaps,
  slice,
  softmax,
  toChannelsFirst,
  withTokens,
  writeModel,
} from "../../engine/graph/index.ts";
import { type Afa, type HiddenLayout, type Segmented, imageInput } from "../model/index.ts";
import { fastestGraph } from "../inference/fastest-layout.ts";
import type { Parameter } from "../../engine/nn/index.ts";
import { affinityLoss, classificationLoss, energyLoss, segmentationLoss } from "./losses.ts";

/** Losses of a training step: L_cls alone, or all three. */
export type StepKind = "classification" | "full";

/** Sizes and noise of a pass in training mode. */
export interface PassOptions {
  /** Crops that are computed at once. */
  readonly batch: number;
  /** Side of the square crops, pixels. */
  readonly crop: number;
  /** Whether the scales of the residual branches are an input, `drop_path` [2 · blocks, n]. */
  readonly dropPath: boolean;
  /** Whether the scales of the decoder's channels are an input, `dropout` [n, decoder width]. */
  readonly dropout: boolean;
  /** Layout of the feed-forward layers; must be one with gradients. */
  readonly layout?: HiddenLayout;
  /** Whether the decoder's BatchNorm normalizes by the statistics of a whole batch, which are inputs (method 2.14). */
  readonly synchronized?: boolean;
}

export interface StepGraphOptions extends PassOptions {
  readonly kind: StepKind;
  /**
   * Number of crops in the whole batch, if this is a part of it. Losses and gradients of the parts sum to those of the
   * batch.
   */
  readonly whole?: number;
  /** Whether to add the dense energy, whose gradient is the input `energy_gradient`. */
  readonly energy?: boolean;
  /** Parameters whose gradients are computed. */
  readonly learned: readonly Parameter[];
}

/** A training step as ONNX. */
export interface StepGraph {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Names of the parameters with an output `grad.<name>`: those that the loss depends on. */
  readonly gradients: readonly string[];
  /** Names of the other outputs with their shapes. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/**
 * Forward pass, losses and gradients of one batch, or of a part of it, as one static graph.
 *
 *     inputs    image                            [n, h, w, 3]       normalized RGB
 *               tags                             [n, C]
 *               <name>                                              every parameter
 *       full    seg_label                        [n, h, w]          as float32, 255 is ignored
 *               affinity_label                   [n, t, t]          as float32, 255 is ignored
 *               loss_weights                     [3]                of L_seg, L_aff and L_reg (method 2.9)
 *       part    loss_counts                      [4]                in the whole batch: background and foreground pixels,
 *                                                                   positive and negative pairs
 *       energy  energy_gradient                  [n, C + 1, h, w]
 *       sync    bn.mean, bn.variance             [width]            of the whole batch
 *               bn.total_mean, bn.aligned_mean   [width]            means over it for the gradient, see `batchNormOfPart`
 *     outputs   loss.cls, loss.total             scalar
 *               grad.<name>                                         learned parameters that the loss depends on
 *       full    loss.seg, loss.affinity          scalar
 *               pairs.positive, pairs.negative   scalar             counts plus 1
 *       energy  loss.energy                      scalar
 *       no sync bn.mean, bn.variance             [width]            of these crops
 *
 * "full": steps of this kind; "part": with `whole`; "energy": with `energy`; "sync": with `synchronized`.
 */
export function buildStep(network: Afa, options: StepGraphOptions): StepGraph {
  const { outputs, gradients } = stepTensors(network, options);
  const shapes = Object.entries(outputs).flatMap(([name, { shape }]) =>
    name.startsWith("grad.") ? [] : [[name, shape as readonly Dim[] as number[]] as const],
  );
  return {
    model: writeModel(fastestGraph(outputs, options.layout)),
    gradients,
    outputs: Object.fromEntries(shapes),
  };
}

/** The tensors of a step, before they are written as ONNX. */
export function stepTensors(
  network: Afa,
  options: StepGraphOptions,
): { outputs: Record<string, Tensor>; gradients: string[] } {
  const { kind, batch: n, learned, whole = n } = options;
  const { features, attention, decoded } = trainingPass(network, options);
  const tags = input("tags", [n, network.classes]);
  const cls = classificationLoss(
    network.classifier.forward(features[3], network.pooling),
    tags,
    whole,
  );
  let total = cls;
  const losses: Record<string, Tensor> = { "loss.cls": cls };
  if (kind === "full") {
    const weight = elements("loss_weights", 3);
    const count = whole === n ? null : elements("loss_counts", 4);
    const { seg, regularization } = decoderLosses(network, decoded.logits, options, count);
    const affinity = network.attn_proj.forward(attention);
    const pairs = input("affinity_label", affinity.shape as number[]);
    const pairCounts = count && { positive: count(2), negative: count(3) };
    const aff = affinityLoss(affinity, pairs, pairCounts ?? undefined);
    total = add(cls, add(mul(seg, weight(0)), mul(aff.loss, weight(1))));
    Object.assign(losses, {
      "loss.seg": seg,
      "loss.affinity": aff.loss,
      "pairs.positive": aff.positives,
      "pairs.negative": aff.negatives,
    });
    if (regularization) {
      losses["loss.energy"] = regularization;
      total = add(total, mul(regularization, weight(2)));
    }
  }
  const outputs: Record<string, Tensor> = {
    ...losses,
    "loss.total": total,
    ...(decoded.statistics && {
      "bn.mean": decoded.statistics.mean,
      "bn.variance": decoded.statistics.variance,
    }),
  };
  const results = gradients(
    total,
    learned.map((p) => p.tensor),
  );
  const present = learned.filter((_, i) => results[i] !== null);
  learned.forEach((p, i) => {
    if (results[i]) outputs[`grad.${p.name}`] = results[i];
  });
  return { outputs, gradients: present.map((p) => p.name) };
}

/**
 * The losses of the decoder's logits.
 * @param count the elements of `loss_counts`; null if the crops are the whole batch
 */
export function decoderLosses(
  network: Afa,
  decoded: Grid,
  { batch: n, crop, energy = false }: Pick<StepGraphOptions, "batch" | "crop" | "energy">,
  count: ((i: number) => Tensor) | null,
): { seg: Tensor; regularization: Tensor | null } {
  const logits = resizeMaps(toChannelsFirst(decoded), crop, crop);
  const label = input("seg_label", [n, crop, crop]);
  const pixels = count && { background: count(0), foreground: count(1) };
  const seg = segmentationLoss(logits, label, pixels ?? undefined);
  if (!energy) return { seg, regularization: null };
  const pull = input("energy_gradient", [n, network.classes + 1, crop, crop]);
  const tokensOf = (maps: Tensor): Tensor => fromChannelsFirst(maps).tokens;
  return { seg, regularization: energyLoss(tokensOf(logits), tokensOf(pull)) };
}

/**
 * Graph of the class probabilities at the size of the crop, from which the dense energy is computed; they equal those
 * of a step with the same feeds. Inputs: `image`, the parameters, the noise; with `synchronized`, `fused` (`fusedTensors`) instead of
 * `image`, and the statistics. Output: `probabilities` [n, C + 1, h, w].
 */
export function buildProbabilities(network: Afa, options: PassOptions): Uint8Array<ArrayBuffer> {
  return writeModel(
    fastestGraph({ probabilities: probabilityTensor(network, options) }, options.layout),
  );
}

/** The tensor of these probabilities, before it is written as ONNX. */
export function probabilityTensor(network: Afa, options: PassOptions): Tensor {
  const decoded = options.synchronized
    ? decodedFused(network, options)
    : trainingPass(network, options).decoded;
  const logits = resizeBilinear(decoded.logits, options.crop, options.crop);
  return toChannelsFirst(withTokens(logits, softmax(logits.tokens)));
}

/** The network in training mode: BatchNorm over the batch, DropPath and dropout as fed. */
function trainingPass(network: Afa, options: PassOptions) {
  const { features, attention } = encodedTraining(network, options);
  const { width } = network.decoder;
  const whole = options.synchronized
    ? {
        statistics: statisticsInputs(width),
        gradientMeans: {
          total: input("bn.total_mean", [width]),
          aligned: input("bn.aligned_mean", [width]),
        },
      }
    : null;
  const dropout = dropoutInput(network, options);
  return {
    features,
    attention,
    decoded: network.decoder.forwardTraining(features, dropout, whole),
  };
}

/** The encoder in training mode. */
export function encodedTraining(network: Afa, { batch: n, crop, layout, dropPath }: PassOptions) {
  const scales = dropPath ? input("drop_path", [2 * network.encoder.blockCount, n]) : null;
  return network.encoder.forward(imageInput([n, crop, crop]), scales, layout);
}

/** The decoder in training mode from the input `fused` on, by the statistics of a whole batch. */
export function decodedFused(network: Afa, options: PassOptions): Segmented {
  const { batch: n, crop } = options;
  const { width } = network.decoder;
  const side = crop / 4;
  const fused = { tokens: input("fused", [n * side * side, width]), n, h: side, w: side };
  const whole: WholeBatch = { statistics: statisticsInputs(width) };
  return network.decoder.predictTraining(fused, dropoutInput(network, options), whole);
}

function statisticsInputs(width: number): WholeBatch["statistics"] {
  return { mean: input("bn.mean", [width]), variance: input("bn.variance", [width]) };
}

function dropoutInput(network: Afa, { batch: n, dropout }: PassOptions): Tensor | null {
  return dropout ? input("dropout", [n, network.decoder.width]) : null;
}

/** A graph input of `count` numbers, as a function that returns the scalar at an index. */
export function elements(name: string, count: number): (i: number) => Tensor {
  const all = input(name, [count]);
  return (i) => reshape(slice(all, [i], [1]), []);
}
