import {
  type Dim,
  type Grid,
  type Tensor,
  add,
  blockedLinear,
  channelsOf,
  composite,
  fromBlocked,
  fromChannelsFirst,
  gelu,
  gemm,
  isStatic,
  linear,
  matmul,
  mul,
  mulDim,
  reduceSum,
  reshape,
  slice,
  softmax,
  split,
  splitTree,
  sub,
  toBlocked,
  toChannelsFirst,
  tokenCount,
  transpose,
  withTokens,
} from "../../engine/graph/index.ts";
import { Conv2d, DepthwiseConv, LayerNorm, Linear } from "../../engine/nn/index.ts";
import type { Backbone } from "./backbones.ts";

/** Scale of each residual branch for each image, [2 · blocks, n]: rows 2i and 2i + 1 belong to block i; null for 1. */
export type DropPathScales = Tensor | null;

/**
 * Memory layout of the feed-forward layers' hidden maps of m channels, 4 or 8 times the stage's. The results are the same, the speed is not:
 *
 *     "maps"                           [m, n·h·w] for sizes known in advance, with gradients, for training;
 *                                      [n, m, h·w] for symbolic sizes, without gradients: exported models
 *     "tokens"                         [n·h·w, m] for symbolic sizes, without gradients: products are rows times weights,
 *                                      as 8-bit products require; like "maps" for sizes known in advance
 *     { block, within: "convolution" } like "maps", but the convolution runs on blocks of channels
 *     { block, within: "layer" }       blocks throughout, without gradients: the fastest; like "convolution" in stages
 *                                      whose channels are no multiple of the block
 *     "gpu"                            like "maps"; with sizes known in advance everything in few operators, as a GPU takes
 *                                      longer to start one than to compute a small one
 *
 * Blocks are [n, m / block, h, w, block], the layout of the runtime's own convolutions: the values of a pixel in
 * `block` neighboring channels fill one vector register.
 */
export type HiddenLayout =
  "maps" | "tokens" | "gpu" | { readonly block: number; readonly within: "layer" | "convolution" };

/** Output of the encoder. */
export interface Encoded {
  /** Maps of the four stages. */
  readonly features: readonly [Grid, Grid, Grid, Grid];
  /** Attention of the last two blocks. */
  readonly attention: readonly AttentionLogits[];
}

/** Self-attention before the softmax, multiplied by `scale`: scale · q·kᵀ. */
export interface AttentionLogits {
  /** [n, heads, t, keys]; for one image [heads, t, keys]. */
  readonly logits: Tensor;
  readonly scale: number;
}

/** Mix Transformer or PVTv2 encoder with strides 4, 2, 2, 1 (method 1.1). Field names are those of the published checkpoints. */
export class MixTransformer {
  readonly patch_embed1: PatchEmbedding;
  readonly patch_embed2: PatchEmbedding;
  readonly patch_embed3: PatchEmbedding;
  readonly patch_embed4: PatchEmbedding;
  readonly block1: Block[];
  readonly norm1: LayerNorm;
  readonly block2: Block[];
  readonly norm2: LayerNorm;
  readonly block3: Block[];
  readonly norm3: LayerNorm;
  readonly block4: Block[];
  readonly norm4: LayerNorm;

  constructor({ channels, depths, heads, reductions, ratios }: Backbone) {
    const blocks = (stage: number): Block[] =>
      Array.from(
        { length: depths[stage]! },
        () =>
          new Block(
            channels[stage]!,
            heads[stage]!,
            reductions[stage]!,
            ratios[stage]! * channels[stage]!,
          ),
      );
    this.patch_embed1 = new PatchEmbedding(3, channels[0], 7, 4);
    this.patch_embed2 = new PatchEmbedding(channels[0], channels[1], 3, 2);
    this.patch_embed3 = new PatchEmbedding(channels[1], channels[2], 3, 2);
    // Stride 1 keeps stage 4 at 1/16: AFA reads the affinity from its attention.
    this.patch_embed4 = new PatchEmbedding(channels[2], channels[3], 3, 1);
    this.block1 = blocks(0);
    this.norm1 = new LayerNorm(channels[0], 1e-6);
    this.block2 = blocks(1);
    this.norm2 = new LayerNorm(channels[1], 1e-6);
    this.block3 = blocks(2);
    this.norm3 = new LayerNorm(channels[2], 1e-6);
    this.block4 = blocks(3);
    this.norm4 = new LayerNorm(channels[3], 1e-6);
  }

  get blockCount(): number {
    return this.block1.length + this.block2.length + this.block3.length + this.block4.length;
  }

  /** @param image normalized RGB as tokens, [n·h·w, 3] */
  forward(image: Grid, dropPath: DropPathScales = null, hidden: HiddenLayout = "maps"): Encoded {
    const stages = [
      [this.patch_embed1, this.block1, this.norm1],
      [this.patch_embed2, this.block2, this.norm2],
      [this.patch_embed3, this.block3, this.norm3],
      [this.patch_embed4, this.block4, this.norm4],
    ] as const;
    const features: Grid[] = [];
    const attention: AttentionLogits[] = [];
    let x = image;
    let index = 0;
    const scales = dropPath && branchScales(dropPath, hidden);
    for (const [embed, blocks, norm] of stages) {
      x = embed.forward(x);
      for (const layer of blocks) {
        const result = layer.forward(x, scales, index++, hidden);
        x = result.x;
        attention.push(result.attention);
      }
      x = withTokens(x, norm.forward(x.tokens));
      features.push(x);
    }
    return { features: features as unknown as Encoded["features"], attention: attention.slice(-2) };
  }
}

/** Overlapping patches of an image or map as tokens: a convolution and a LayerNorm. */
class PatchEmbedding {
  readonly proj: Conv2d;
  readonly norm: LayerNorm;

  constructor(inputs: number, outputs: number, kernel: number, stride: number) {
    this.proj = new Conv2d(inputs, outputs, kernel, stride, (kernel - 1) / 2);
    this.norm = new LayerNorm(outputs, 1e-5);
  }

  forward(x: Grid): Grid {
    const y = this.proj.forward(x);
    return withTokens(y, this.norm.forward(y.tokens));
  }
}

/** Attention, then feed-forward layer, each normalized first and added to its input. */
class Block {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: MixFFN;

  /** @param hidden channels of the feed-forward layer */
  constructor(channels: number, heads: number, reduction: number, hidden: number) {
    this.norm1 = new LayerNorm(channels, 1e-6);
    this.attn = new Attention(channels, heads, reduction);
    this.norm2 = new LayerNorm(channels, 1e-6);
    this.mlp = new MixFFN(channels, hidden);
  }

  forward(
    x: Grid,
    scales: BranchScales | null,
    index: number,
    hidden: HiddenLayout,
  ): { x: Grid; attention: AttentionLogits } {
    const { y, attention } = this.attn.forward(
      withTokens(x, this.norm1.forward(x.tokens)),
      hidden === "gpu" && isStatic([x.n, x.h, x.w]),
    );
    const attended = withTokens(x, add(x.tokens, dropPath(y, x, scales, 2 * index)));
    const z = this.mlp.forward(withTokens(x, this.norm2.forward(attended.tokens)), hidden);
    return {
      x: withTokens(x, add(attended.tokens, dropPath(z, x, scales, 2 * index + 1))),
      attention,
    };
  }
}

/** The scales of the residual branch with this number, [1, n]. */
type BranchScales = (row: number) => Tensor;

function branchScales(scales: Tensor, layout: HiddenLayout): BranchScales {
  const [count, n] = scales.shape as [number, number];
  if (layout !== "gpu") return (row) => slice(scales, [row, 0], [1, n]);
  const rows = splitTree(scales, Array<number>(count).fill(1));
  return (row) => rows[row]!;
}

/** Stochastic depth: multiplies the residual branch of each image by its scale, 0 or 1 / (1 − rate). */
function dropPath(branch: Tensor, grid: Grid, scales: BranchScales | null, row: number): Tensor {
  if (!scales) return branch;
  const c = channelsOf(grid);
  const scale = reshape(scales(row), [grid.n, 1, 1]);
  return reshape(mul(reshape(branch, [grid.n, tokenCount(grid), c]), scale), branch.shape);
}

/** Multi-head self-attention whose keys and values come from a spatially reduced map. */
class Attention {
  readonly q: Linear;
  readonly kv: Linear;
  readonly proj: Linear;
  readonly sr?: Conv2d;
  readonly norm?: LayerNorm;

  constructor(
    channels: number,
    private readonly heads: number,
    reduction: number,
  ) {
    this.q = new Linear(channels, channels);
    this.kv = new Linear(channels, 2 * channels);
    this.proj = new Linear(channels, channels);
    if (reduction > 1) {
      this.sr = new Conv2d(channels, channels, reduction, reduction, 0);
      this.norm = new LayerNorm(channels, 1e-5);
    }
  }

  /** @param joined whether keys and values are one product, in fewer operators */
  forward(x: Grid, joined: boolean): { y: Tensor; attention: AttentionLogits } {
    const c = channelsOf(x);
    const d = c / this.heads;
    let reduced = x;
    if (this.sr && this.norm) {
      reduced = this.sr.forward(x);
      reduced = withTokens(reduced, this.norm.forward(reduced.tokens));
    }
    const { k, v } = joined ? this.joinedKeys(reduced) : this.keys(reduced);
    // Scaling q multiplies t · c numbers; scaling the logits would multiply t · keys for every head.
    const scale = d ** -0.5;
    const q = mul(this.q.forward(x.tokens), scale);
    const logits = matmul(byHead(x, q, this.heads), transpose(k));
    const attended = attend(logits, v);
    return { y: this.proj.forward(byToken(x, attended)), attention: { logits, scale } };
  }

  /** Keys and values by head, [n, heads, t, d]; for one image [heads, t, d]. */
  private keys(x: Grid): { k: Tensor; v: Tensor } {
    const c = channelsOf(x);
    const [weightK, weightV] = split(this.kv.weight.tensor, [c, c], 0) as [Tensor, Tensor];
    const [biasK, biasV] = split(this.kv.bias.tensor, [c, c], 0) as [Tensor, Tensor];
    const k = linear(x.tokens, weightK, biasK);
    const v = linear(x.tokens, weightV, biasV);
    return { k: byHead(x, k, this.heads), v: byHead(x, v, this.heads) };
  }

  /** The same by one product and one change of order for both. */
  private joinedKeys(x: Grid): { k: Tensor; v: Tensor } {
    const [c, t] = [channelsOf(x), tokenCount(x)];
    const d = c / this.heads;
    const both = reshape(this.kv.forward(x.tokens), [x.n, t, 2, this.heads, d]);
    const parts = split(transpose(both, [2, 0, 3, 1, 4]), [1, 1], 0);
    const shape = x.n === 1 ? [this.heads, t, d] : [x.n, this.heads, t, d];
    const [k, v] = parts.map((part) => reshape(part, shape)) as [Tensor, Tensor];
    return { k, v };
  }
}

/** Splits tokens [n·t, heads·d] by head: [n, heads, t, d], for one image [heads, t, d]. */
function byHead(grid: Grid, tokens: Tensor, heads: number): Tensor {
  const t = tokenCount(grid);
  const d = channelsOf(withTokens(grid, tokens)) / heads;
  // Without an axis for the image the runtime's product reads the heads in place.
  if (grid.n === 1) return transpose(reshape(tokens, [t, heads, d]), [1, 0, 2]);
  return transpose(reshape(tokens, [grid.n, t, heads, d]), [0, 2, 1, 3]);
}

/** The inverse of `byHead`: joins heads to tokens, [n·t, heads·d]. */
function byToken(grid: Grid, maps: Tensor): Tensor {
  const order = grid.n === 1 ? [1, 0, 2] : [0, 2, 1, 3];
  const [heads, , d] = maps.shape.slice(-3) as [number, Dim, number];
  return reshape(transpose(maps, order), [mulDim(grid.n, tokenCount(grid)), heads * d]);
}

/**
 * O = P · V with P = softmax(logits), whose gradient is dP ∘ P − P · Σ(dP ∘ P), the sum being over the keys. With
 * dP = dO · Vᵀ that sum equals Σ(dO ∘ O) over the few channels of a head, which saves a pass over the attention matrix.
 */
function attend(logits: Tensor, v: Tensor): Tensor {
  const p = softmax(logits);
  const o = matmul(p, v);
  return composite([logits, v], [o], ([dy], needs) => {
    const logitsGradient = (): Tensor => {
      const aligned = reduceSum(mul(dy!, o), [-1], true);
      return mul(p, sub(matmul(dy!, transpose(v)), aligned));
    };
    return [needs[0] ? logitsGradient() : null, needs[1] ? matmul(transpose(p), dy!) : null];
  })[0]!;
}

/** Feed-forward layer with a depthwise convolution, the encoder's only source of position (SegFormer 3.1). */
class MixFFN {
  readonly fc1: Linear;
  readonly dwconv: { readonly dwconv: DepthwiseConv };
  readonly fc2: Linear;

  constructor(
    channels: number,
    private readonly hidden: number,
  ) {
    this.fc1 = new Linear(channels, hidden);
    this.dwconv = { dwconv: new DepthwiseConv(hidden) };
    this.fc2 = new Linear(hidden, channels);
  }

  /** fc2(gelu(depthwise 3×3(fc1(x)))), [n·h·w, c], with the hidden maps in this layout. */
  forward(x: Grid, layout: HiddenLayout): Tensor {
    const { block, within } = typeof layout === "object" ? layout : { block: 1, within: null };
    if (within === "layer" && channelsOf(x) % block === 0) return this.forwardBlocked(x, block);
    if (isStatic([x.n, x.h, x.w]))
      return this.forwardChannelMajor(x, layout === "gpu" ? "gpu" : block);
    return layout === "tokens" ? this.forwardTokens(x) : this.forwardMaps(x);
  }

  /** Hidden maps [m, n·h·w], which the convolution reads and writes without transposing. */
  private forwardChannelMajor(x: Grid, block: number | "gpu"): Tensor {
    const [n, h, w] = [x.n, x.h, x.w] as [number, number, number];
    const bias = reshape(this.fc1.bias.tensor, [this.hidden, 1]);
    const hidden = gemm(this.fc1.weight.tensor, x.tokens, { transB: true, bias }); // W1 · xᵀ
    const mixed = gelu(this.dwconv.dwconv.forward(hidden, n, h, w, block));
    const { weight, bias: bias2 } = this.fc2;
    return gemm(mixed, weight.tensor, { transA: true, transB: true, bias: bias2.tensor }); // mixedᵀ · W2ᵀ
  }

  /** Hidden maps [n·h·w, m]. */
  private forwardTokens(x: Grid): Tensor {
    const wide = this.fc1.forward(x.tokens);
    const mixed = this.dwconv.dwconv.forwardMaps(toChannelsFirst(withTokens(x, wide)));
    return this.fc2.forward(gelu(fromChannelsFirst(mixed).tokens));
  }

  /** Hidden maps [n, m, h·w], one product per image. */
  private forwardMaps(x: Grid): Tensor {
    const { n, h, w } = x;
    const t = tokenCount(x);
    const maps = transpose(reshape(x.tokens, [n, t, channelsOf(x)])); // [n, c, t]
    const bias = reshape(this.fc1.bias.tensor, [this.hidden, 1]);
    const hidden = reshape(add(matmul(this.fc1.weight.tensor, maps), bias), [n, this.hidden, h, w]);
    const mixed = reshape(gelu(this.dwconv.dwconv.forwardMaps(hidden)), [n, this.hidden, t]);
    const weight2 = transpose(this.fc2.weight.tensor);
    const out = add(matmul(transpose(mixed), weight2), this.fc2.bias.tensor); // [n, t, c]
    return reshape(out, x.tokens.shape);
  }

  /** Hidden maps [n, m / block, h, w, block]. */
  private forwardBlocked(x: Grid, block: number): Tensor {
    const hidden = blockedLinear(toBlocked(x, block), this.fc1.weight.tensor, this.fc1.bias.tensor);
    const { maps } = this.dwconv.dwconv.forwardBlocked(hidden);
    const mixed = { maps: gelu(maps), block };
    return fromBlocked(blockedLinear(mixed, this.fc2.weight.tensor, this.fc2.bias.tensor));
  }
}
