import { ignoreIndex } from "../images/image.ts";
import {
  type Tensor,
  add,
  cast,
  composite,
  constant,
  div,
  equal,
  exp,
  log,
  maximum,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  sigmoid,
  softmax,
  softplus,
  staticShape,
  sub,
  sumAll,
  sumOfRows,
} from "../../engine/graph/index.ts";

/** 1 where x equals a label, 0 elsewhere, in x's type. */
function isLabel(x: Tensor, label: number): Tensor {
  return cast(equal(x, label), x.dtype);
}

/**
 * Classification loss L_cls, a multi-label soft margin loss: the mean over classes and batch of
 * −[y·log σ(x) + (1 − y)·log σ(−x)] (method 2.9; AFA 3.5).
 * @param logits [n, C] @param tags 1 where a class is present, [n, C]
 * @param batch number of crops that the mean is over; by default these, otherwise those of the whole batch
 */
export function classificationLoss(logits: Tensor, tags: Tensor, batch?: number): Tensor {
  const [n, classes] = staticShape("classificationLoss", logits.shape) as [number, number];
  const factor = 1 / ((batch ?? n) * classes);
  const value = mul(sumAll(sub(softplus(logits), mul(logits, tags))), factor);
  return composite([logits], [value], ([dy]) => [
    mul(mul(sub(sigmoid(logits), tags), factor), dy!),
  ])[0]!;
}

/**
 * Segmentation loss L_seg: half of the mean cross-entropy of background pixels plus half of that of foreground pixels.
 * A half without pixels is 0 (method 2.9; method 4, item 1).
 * @param logits [n, labels, h, w] @param label 0 … labels − 1 or 255, [n, h, w], as numbers of logits' type
 * @param counts numbers of pixels that the means are over; by default those of these images, otherwise of the whole
 * batch
 */
export function segmentationLoss(
  logits: Tensor,
  label: Tensor,
  counts?: { readonly background: Tensor; readonly foreground: Tensor },
): Tensor {
  const [n, labels, h, w] = staticShape("segmentationLoss", logits.shape) as [
    number,
    number,
    number,
    number,
  ];
  const pixels = h * w;
  const background = isLabel(label, 0);
  const foreground = sub(sub(1, background), isLabel(label, ignoreIndex));
  const share = (mask: Tensor, count: Tensor = sumAll(mask)): Tensor =>
    mul(mask, div(0.5, maximum(count, 1)));
  const weight = reshape(
    add(share(background, counts?.background), share(foreground, counts?.foreground)),
    [n, 1, pixels],
  );
  const indices = constant(
    [1, labels, 1],
    Array.from({ length: labels }, (_, i) => i),
    label.dtype,
  );
  // The axis of labels comes before that of pixels, so that operators run along rows of pixels.
  const maps = reshape(logits, [n, labels, pixels]);
  const oneHot = cast(equal(reshape(label, [n, 1, pixels]), indices), logits.dtype);
  // Log-softmax written out: WebGPU has no kernel for it, and the gradient reuses the exponentials.
  const shifted = sub(maps, reduceMax(maps, 1, true));
  const exponentials = exp(shifted);
  const total = sumOfRows(exponentials); // [n, 1, pixels]
  const chosen = sumOfRows(mul(shifted, oneHot));
  const value = sumAll(reshape(mul(sub(log(total), chosen), weight), [n, h, w]));
  return composite([logits], [value], ([dy]) => [
    reshape(mul(sub(div(exponentials, total), oneHot), mul(weight, dy!)), logits.shape),
  ])[0]!;
}

export interface AffinityLoss {
  readonly loss: Tensor;
  /** Number of pairs that count as positive, plus 1. */
  readonly positives: Tensor;
  /** Number of pairs that count as negative, plus 1. */
  readonly negatives: Tensor;
}

/**
 * Affinity loss L_aff: 0.5·Σ₊(1 − A)/(n₊ + 1) + 0.5·Σ₋ A/(n₋ + 1) (method 2.9; AFA 3.3, equation 5).
 * @param affinity [n, t, t] in 0..1 @param label 1 same class, 0 different, 255 ignore, [n, t, t]
 * @param counts numbers of pairs; by default those of these images, otherwise of the whole batch
 */
export function affinityLoss(
  affinity: Tensor,
  label: Tensor,
  counts?: { readonly positive: Tensor; readonly negative: Tensor },
): AffinityLoss {
  const positive = isLabel(label, 1);
  const negative = isLabel(label, 0);
  const positives = add(counts?.positive ?? sumAll(positive), 1);
  const negatives = add(counts?.negative ?? sumAll(negative), 1);
  const [p, q] = [div(0.5, positives), div(0.5, negatives)];
  const value = add(
    mul(sumAll(mul(positive, sub(1, affinity))), p),
    mul(sumAll(mul(negative, affinity)), q),
  );
  const [loss] = composite([affinity], [value], ([dy]) => [
    mul(sub(mul(negative, q), mul(positive, p)), dy!),
  ]);
  return { loss: loss!, positives, negatives };
}

/**
 * Dense energy L_reg: −weight·⟨S, G·(K·S)⟩ / N, whose gradient treats G·(K·S) as a constant (method 2.10). The energy
 * is quadratic in S, so it is half of ⟨S, gradient⟩.
 * @param logits [rows, labels]
 * @param gradient gradient of the energy with respect to S, the softmax of the logits, [rows, labels]
 */
export function energyLoss(logits: Tensor, gradient: Tensor): Tensor {
  const probability = softmax(logits);
  const pull = mul(probability, gradient);
  const value = mul(sumAll(pull), 0.5);
  return composite([logits], [value], ([dy]) => [
    mul(sub(pull, mul(probability, reduceSum(pull, [-1], true))), dy!),
  ])[0]!;
}
