import {
  type Dim,
  type Tensor,
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
import { type Afa, type HiddenLayout, imageInput } from "../model/index.ts";
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
  /** Feed the scales of the residual branches as `drop_path`, `[2 · blocks, n]`. */
  readonly dropPath: boolean;
  /** Feed the scales of the decoder's channels as `dropout`, `[n, decoder width]`. */
  readonly dropout: boolean;
  /** Layout of the feed-forward layers, one that has gradients. */
  readonly layout?: HiddenLayout;
}

export interface StepGraphOptions extends PassOptions {
  readonly kind: StepKind;
  /** Crops of the whole batch if this is a part of it: losses and gradients of the parts add up to those of the batch. */
  readonly whole?: number;
  /** Add the dense energy; its gradient is fed as `energy_gradient`. */
  readonly energy?: boolean;
  /** Parameters whose gradients are computed. */
  readonly learned: readonly Parameter[];
}

/** A training step as ONNX. */
export interface StepGraph {
  readonly model: Uint8Array<ArrayBuffer>;
  /** Names of parameters with an output `grad.<name>`; the loss does not reach the others. */
  readonly gradients: readonly string[];
  /** Names of the other outputs with their shapes. */
  readonly outputs: Readonly<Record<string, readonly number[]>>;
}

/**
 * Forward pass, losses and gradients of one batch, or of a part of it, as one static graph.
 *
 * Inputs: `image` [n, h, w, 3] normalised, `tags` [n, C], every parameter by name, and for a full
 * step `seg_label` [n, h, w] and `affinity_label` [n, t, t] (as float32 numbers, 255 ignored),
 * `loss_weights` [3] for L_seg, L_aff and L_reg (method 2.9); for a part `loss_counts` [4]:
 * background and foreground pixels, positive and negative pairs of the whole batch; with the energy
 * `energy_gradient` [n, C + 1, h, w].
 * Outputs: `loss.cls`, `loss.total`, `bn.mean`, `bn.variance` [width], `grad.<name>`, and for a full
 * step `loss.seg`, `loss.affinity`, `pairs.positive`, `pairs.negative` (counts plus 1), with the energy
 * `loss.energy`.
 */
export function buildStep(network: Afa, options: StepGraphOptions): StepGraph {
  const { outputs, gradients } = stepTensors(network, options);
  const shapes = Object.entries(outputs).flatMap(([name, { shape }]) =>
    name.startsWith("grad.") ? [] : [[name, shape as readonly Dim[] as number[]] as const],
  );
  return { model: writeModel(outputs), gradients, outputs: Object.fromEntries(shapes) };
}

/** The tensors of a step, before they are written as ONNX. */
export function stepTensors(
  network: Afa,
  options: StepGraphOptions,
): { outputs: Record<string, Tensor>; gradients: string[] } {
  const { kind, batch: n, crop, learned, whole = n, energy = false } = options;
  const { features, attention, decoded } = trainingPass(network, options);
  const tags = input("tags", [n, network.classes]);
  const cls = classificationLoss(
    network.classifier.forward(features[3], network.pooling),
    tags,
    whole,
  );
  const statistics = decoded.statistics!;

  let total = cls;
  const losses: Record<string, Tensor> = { "loss.cls": cls };
  if (kind === "full") {
    const weight = elements("loss_weights", 3);
    const count = whole === n ? null : elements("loss_counts", 4);
    const logits = resizeMaps(toChannelsFirst(decoded.logits), crop, crop);
    const label = input("seg_label", [n, crop, crop]);
    const pixels = count && { background: count(0), foreground: count(1) };
    const seg = segmentationLoss(logits, label, pixels ?? undefined);
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
    if (energy) {
      const pull = input("energy_gradient", [n, network.classes + 1, crop, crop]);
      const tokensOf = (maps: Tensor): Tensor => fromChannelsFirst(maps).tokens;
      const regularization = energyLoss(tokensOf(logits), tokensOf(pull));
      losses["loss.energy"] = regularization;
      total = add(total, mul(regularization, weight(2)));
    }
  }
  const outputs: Record<string, Tensor> = {
    ...losses,
    "loss.total": total,
    "bn.mean": statistics.mean,
    "bn.variance": statistics.variance,
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
 * Graph of the class probabilities at the size of the crop, equal to those of a step on the same feeds; the dense
 * energy is computed from them. Inputs: `image`, the parameters, the noise; output `probabilities`
 * [n, C + 1, h, w].
 */
export function buildProbabilities(network: Afa, options: PassOptions): Uint8Array<ArrayBuffer> {
  return writeModel({ probabilities: probabilityTensor(network, options) });
}

/** The tensor of these probabilities, before it is written as ONNX. */
export function probabilityTensor(network: Afa, options: PassOptions): Tensor {
  const { decoded } = trainingPass(network, options);
  const logits = resizeBilinear(decoded.logits, options.crop, options.crop);
  return toChannelsFirst(withTokens(logits, softmax(logits.tokens)));
}

/** The network in training mode: BatchNorm over the batch, DropPath and dropout as fed. */
function trainingPass(network: Afa, { batch: n, crop, layout, ...noise }: PassOptions) {
  const dropPath = noise.dropPath ? input("drop_path", [2 * network.encoder.blockCount, n]) : null;
  const dropout = noise.dropout ? input("dropout", [n, network.decoder.width]) : null;
  const image = imageInput([n, crop, crop]);
  const { features, attention } = network.encoder.forward(image, dropPath, layout);
  return { features, attention, decoded: network.decoder.forwardTraining(features, dropout) };
}

/** An input of a few numbers, as a function from index to scalar. */
function elements(name: string, count: number): (i: number) => Tensor {
  const all = input(name, [count]);
  return (i) => reshape(slice(all, [i], [1]), []);
}
