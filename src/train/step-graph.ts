import type { Dim, Tensor } from "../graph/index.ts";
import {
  add,
  gradients,
  input,
  mul,
  reshape,
  resizeBilinear,
  slice,
  writeModel,
} from "../graph/index.ts";
import type { Afa } from "../model/index.ts";
import { imageInput } from "../model/index.ts";
import type { Parameter } from "../nn/index.ts";
import { affinityLoss, classificationLoss, segmentationLoss } from "./losses.ts";

/** What a training step computes: L_cls alone, or all three losses. */
export type StepKind = "classification" | "full";

export interface StepGraphOptions {
  readonly kind: StepKind;
  readonly batch: number;
  /** Side of the square crops, pixels. */
  readonly crop: number;
  /** Feed `drop_path` [2 · blocks, n]: scales of the residual branches. */
  readonly dropPath: boolean;
  /** Feed `dropout` [n, decoder width]: scales of the decoder's channels. */
  readonly dropout: boolean;
  /** Parameters to differentiate by. */
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
 * Forward pass, losses and gradients of one batch as one static graph.
 *
 * Inputs: `image` [n, h, w, 3] normalised, `tags` [n, C], every parameter by name, and for a full
 * step `seg_label` [n, h, w] and `affinity_label` [n, t, t] (as float32 numbers, 255 ignored),
 * `loss_weights` [2] for L_seg and L_aff (method section 8).
 * Outputs: `loss.cls`, `loss.total`, `bn.mean`, `bn.variance` [width], `grad.<name>`, and for a full
 * step `loss.seg`, `loss.affinity`, `pairs.positive`, `pairs.negative` (counts plus 1).
 */
export function buildStep(network: Afa, options: StepGraphOptions): StepGraph {
  const { kind, batch: n, crop, learned } = options;
  const image = imageInput([n, crop, crop]);
  const dropPath = options.dropPath
    ? input("drop_path", [2 * network.encoder.blockCount, n])
    : null;
  const dropout = options.dropout ? input("dropout", [n, network.decoder.width]) : null;
  const { features, attention } = network.encoder.forward(image, dropPath);
  const tags = input("tags", [n, network.classes]);
  const cls = classificationLoss(network.classifier.forward(features[3], network.pooling), tags);
  const decoded = network.decoder.forwardTraining(features, dropout);
  const statistics = decoded.statistics!;

  let total = cls;
  const losses: Record<string, Tensor> = { "loss.cls": cls };
  if (kind === "full") {
    const weights = input("loss_weights", [2]);
    const weight = (i: number): Tensor => reshape(slice(weights, [i], [1]), []);
    const { tokens } = resizeBilinear(decoded.logits, crop, crop);
    const label = reshape(input("seg_label", [n, crop, crop]), [n * crop, crop]);
    const seg = segmentationLoss(reshape(tokens, [n * crop, crop, network.classes + 1]), label);
    const affinity = network.attn_proj.forward(attention);
    const aff = affinityLoss(affinity, input("affinity_label", affinity.shape as number[]));
    total = add(cls, add(mul(seg, weight(0)), mul(aff.loss, weight(1))));
    Object.assign(losses, {
      "loss.seg": seg,
      "loss.affinity": aff.loss,
      "pairs.positive": aff.positives,
      "pairs.negative": aff.negatives,
    });
  }
  const outputs: Record<string, Tensor> = {
    ...losses,
    "loss.total": total,
    "bn.mean": statistics.mean,
    "bn.variance": statistics.variance,
  };
  const shapes = Object.fromEntries(
    Object.entries(outputs).map(([name, t]) => [name, t.shape as readonly Dim[] as number[]]),
  );
  const results = gradients(
    total,
    learned.map((p) => p.tensor),
  );
  const present = learned.filter((_, i) => results[i] !== null);
  learned.forEach((p, i) => {
    if (results[i]) outputs[`grad.${p.name}`] = results[i];
  });
  return { model: writeModel(outputs), gradients: present.map((p) => p.name), outputs: shapes };
}
