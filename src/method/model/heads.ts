import {
  type BatchStatistics,
  type Dim,
  type Grid,
  type Tensor,
  type WholeBatch,
  add,
  channelsOf,
  gemm,
  linear,
  matmul,
  mul,
  mulDim,
  reduceMax,
  reduceMean,
  relu,
  reshape,
  resizeBilinear,
  sigmoid,
  split,
  tokenCount,
  transpose,
  withTokens,
} from "../../engine/graph/index.ts";
import {
  BatchNorm,
  fanInUniform,
  Linear,
  normal,
  Parameter,
  pointwiseWeight,
} from "../../engine/nn/index.ts";
import type { AttentionLogits, Encoded } from "./mit.ts";

/** Global pooling of the last stage; AFA takes the maximum (AFA 3.2, table 6). */
export type Pooling = "max" | "average";

/**
 * Classifier without bias (method 1.5). Applied to every position of a map instead of its maximum, it gives class
 * activations.
 */
export class Classifier {
  readonly weight: Parameter;

  constructor(channels: number, classes: number) {
    this.weight = pointwiseWeight(channels, classes);
  }

  private get matrix(): Tensor {
    return reshape(this.weight.tensor, this.weight.shape.slice(0, 2));
  }

  /** Class logits, [n, classes]. */
  forward(x: Grid, pooling: Pooling): Tensor {
    const tokens = reshape(x.tokens, [x.n, tokenCount(x), channelsOf(x)]);
    const pooled = pooling === "max" ? reduceMax(tokens, 1) : reduceMean(tokens, [1]);
    return linear(pooled, this.matrix);
  }

  /** Class activations, [n, classes, h, w] (method 2.3: cam = W · x4). */
  activate(x: Grid): Tensor {
    const tokens = reshape(x.tokens, [x.n, tokenCount(x), channelsOf(x)]);
    return reshape(matmul(this.matrix, transpose(tokens)), [x.n, this.weight.shape[0]!, x.h, x.w]);
  }
}

/** Predicts from self-attention how likely two tokens share a class: their affinity (method 1.6). */
export class AffinityHead {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(heads: number) {
    // Kaiming normal, fan_out = 1, a = √5.
    this.weight = new Parameter([1, 2 * heads, 1, 1], normal(Math.sqrt(2 / 6)));
    this.bias = new Parameter([1], fanInUniform(2 * heads));
  }

  /** @param attention attention logits of the last two blocks @returns [n, t, t] in 0..1 */
  forward(attention: Encoded["attention"]): Tensor {
    const heads = this.weight.shape[1]! / 2;
    const weights = split(reshape(this.weight.tensor, [1, 2 * heads]), [heads, heads], 1);
    // Weighting the heads first leaves one matrix to symmetrize instead of sixteen.
    const [first, second] = attention.map((block, i) => weightHeads(block, weights[i]!)) as [
      Tensor,
      Tensor,
    ];
    const logits = add(first, second);
    // Attention has a direction, affinity has none: A + Aᵀ.
    return sigmoid(add(add(logits, transpose(logits)), this.bias.tensor));
  }
}

/** Σ over heads of weight · q·kᵀ without the scale of the attention, [n, t, t]. @param weight [1, heads] */
function weightHeads({ logits, scale }: AttentionLogits, weight: Tensor): Tensor {
  const [heads, t] = logits.shape.slice(-3) as [number, Dim];
  const n = logits.rank === 4 ? logits.shape[0]! : 1;
  const pairs = reshape(logits, [n, heads, mulDim(t, t)]);
  return reshape(matmul(mul(weight, 1 / scale), pairs), [n, t, t]);
}

export interface Segmented {
  /** [n·h·w, classes + 1] at stage 1's resolution, 1/4. */
  readonly logits: Grid;
  /** Statistics of the batch in training mode, with which the running ones are updated; null if they were given. */
  readonly statistics: BatchStatistics | null;
}

/**
 * SegFormer's all-MLP decoder (method 1.4): fuses the four stages at 1/4 and predicts the background and every class.
 */
export class SegmentationDecoder {
  readonly linear_c4: { readonly proj: Linear };
  readonly linear_c3: { readonly proj: Linear };
  readonly linear_c2: { readonly proj: Linear };
  readonly linear_c1: { readonly proj: Linear };
  readonly linear_fuse: { readonly conv: { readonly weight: Parameter }; readonly bn: BatchNorm };
  readonly linear_pred: { readonly weight: Parameter; readonly bias: Parameter };

  constructor(
    channels: readonly number[],
    readonly width: number,
    private readonly labels: number,
  ) {
    const project = (stage: number): { proj: Linear } => {
      const inputs = channels[stage]!;
      return { proj: new Linear(inputs, width, fanInUniform(inputs)) };
    };
    this.linear_c4 = project(3);
    this.linear_c3 = project(2);
    this.linear_c2 = project(1);
    this.linear_c1 = project(0);
    this.linear_fuse = {
      conv: { weight: pointwiseWeight(4 * width, width) },
      bn: new BatchNorm(width),
    };
    const bias = new Parameter([labels], fanInUniform(width));
    this.linear_pred = { weight: pointwiseWeight(width, labels), bias };
  }

  /** Evaluation mode: running statistics, no dropout. */
  forward(features: Encoded["features"]): Segmented {
    const fused = this.fuse(features);
    const normal = this.linear_fuse.bn.forward(fused.tokens);
    const weight = reshape(this.linear_pred.weight.tensor, [this.labels, this.width]);
    const logits = linear(relu(normal), weight, this.linear_pred.bias.tensor);
    return { logits: withTokens(fused, logits), statistics: null };
  }

  /**
   * Training mode: statistics of the batch.
   * @param dropout scale of each channel of each image, 0 or 1 / (1 − p), [n, width]; null for no dropout
   * @param whole statistics of the batch that the images are a part of; null if they are the batch
   */
  forwardTraining(
    features: Encoded["features"],
    dropout: Tensor | null,
    whole: WholeBatch | null = null,
  ): Segmented {
    return this.predictTraining(this.fuse(features), dropout, whole);
  }

  /** What follows the fused map in training mode. @param fused from `fuse`; for the others see `forwardTraining` */
  predictTraining(fused: Grid, dropout: Tensor | null, whole: WholeBatch | null): Segmented {
    const { bn } = this.linear_fuse;
    const { y, statistics } = whole
      ? { y: bn.forwardPart(fused.tokens, whole), statistics: null }
      : bn.forwardTraining(fused.tokens);
    const active = relu(y);
    const weight = reshape(this.linear_pred.weight.tensor, [this.labels, this.width]);
    const bias = this.linear_pred.bias.tensor;
    if (!dropout) return { logits: withTokens(fused, linear(active, weight, bias)), statistics };
    // Dropping a channel of an image is the same as dropping its row of that image's prediction weights.
    const rows = mul(transpose(weight), reshape(dropout, [fused.n, this.width, 1])); // [n, width, labels]
    const maps = reshape(active, [fused.n, tokenCount(fused), this.width]);
    const logits = reshape(add(matmul(maps, rows), bias), [
      mulDim(fused.n, tokenCount(fused)),
      this.labels,
    ]);
    return { logits: withTokens(fused, logits), statistics };
  }

  /**
   * The fused map before normalization. Both 1×1 layers are linear and bilinear weights sum to 1, so the layers are
   * multiplied into one, which is applied at each stage's own resolution before upsampling.
   */
  fuse(features: Encoded["features"]): Grid {
    const fuse = reshape(this.linear_fuse.conv.weight.tensor, [this.width, 4 * this.width]);
    const parts = split(fuse, Array<number>(4).fill(this.width), 1); // for c4, c3, c2, c1
    const layers = [
      this.linear_c4.proj,
      this.linear_c3.proj,
      this.linear_c2.proj,
      this.linear_c1.proj,
    ];
    const maps = layers.map(({ weight, bias }, i) => {
      const feature = features[3 - i]!;
      const matrix = matmul(parts[i]!, weight.tensor); // [width, channels]
      const offset = reshape(matmul(parts[i]!, reshape(bias.tensor, [this.width, 1])), [
        this.width,
      ]);
      return withTokens(feature, gemm(feature.tokens, matrix, { transB: true, bias: offset }));
    }) as [Grid, Grid, Grid, Grid];
    const [c4, c3, c2, c1] = maps;
    const coarse = withTokens(c3, add(c4.tokens, c3.tokens)); // both at 1/16
    const up = (grid: Grid): Tensor => resizeBilinear(grid, c1.h, c1.w).tokens;
    return withTokens(c1, add(add(up(coarse), up(c2)), c1.tokens));
  }
}
