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
  sub,
  toBlocked,
  toChannelsFirst,
  tokenCount,
  transpose,
  withTokens,
} from "../../engine/graph/index.ts";
import { Conv2d, DepthwiseConv, LayerNorm, Linear } from "../../engine/nn/index.ts";
import type { Backbone } from "./backbones.ts";

/** Scales of the residual branches: row 2i and 2i + 1 are those of block i, [2 · blocks, n]. */
export type DropPathScales = Tensor | null;

/**
 * How the feed-forward layers' hidden maps lie: channels first, with gradients, the convolution alone in blocks of
 * channels where the runtime has such; where sizes are symbolic as tokens, which makes all their products rows times
 * weights (what 8-bit products need; equally fast in float32); or throughout in blocks of channels where they fill
 * them, the layout of the runtime's own convolutions and the fastest, without gradients.
 */
export type HiddenLayout =
  "maps" | "tokens" | { readonly block: number; readonly within: "layer" | "convolution" };

/** What the encoder gives: the four stages' maps, and the attention of the last two blocks. */
export interface Encoded {
  readonly features: readonly [Grid, Grid, Grid, Grid];
  readonly attention: readonly AttentionLogits[];
}

/** Self-attention before the softmax: scale · q·kᵀ. */
export interface AttentionLogits {
  /** [n, heads, t, keys]; of one image [heads, t, keys]. */
  readonly logits: Tensor;
  readonly scale: number;
}

/** Mix Transformer encoder with strides 4, 2, 2, 1 (method 1.1). */
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

  constructor({ channels, depths, heads, reductions }: Backbone) {
    const blocks = (stage: number): Block[] =>
      Array.from(
        { length: depths[stage]! },
        () => new Block(channels[stage]!, heads[stage]!, reductions[stage]!),
      );
    this.patch_embed1 = new PatchEmbedding(3, channels[0], 7, 4);
    this.patch_embed2 = new PatchEmbedding(channels[0], channels[1], 3, 2);
    this.patch_embed3 = new PatchEmbedding(channels[1], channels[2], 3, 2);
    // AFA keeps stage 4 at 1/16, where affinity is read.
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

  /** @param image normalised RGB as tokens, [n·h·w, 3] */
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
    for (const [embed, blocks, norm] of stages) {
      x = embed.forward(x);
      for (const layer of blocks) {
        const result = layer.forward(x, dropPath, index++, hidden);
        x = result.x;
        attention.push(result.attention);
      }
      x = withTokens(x, norm.forward(x.tokens));
      features.push(x);
    }
    return { features: features as unknown as Encoded["features"], attention: attention.slice(-2) };
  }
}

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

class Block {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly norm2: LayerNorm;
  readonly mlp: MixFFN;

  constructor(channels: number, heads: number, reduction: number) {
    this.norm1 = new LayerNorm(channels, 1e-6);
    this.attn = new Attention(channels, heads, reduction);
    this.norm2 = new LayerNorm(channels, 1e-6);
    this.mlp = new MixFFN(channels, 4 * channels);
  }

  forward(
    x: Grid,
    scales: DropPathScales,
    index: number,
    hidden: HiddenLayout,
  ): { x: Grid; attention: AttentionLogits } {
    const { y, attention } = this.attn.forward(withTokens(x, this.norm1.forward(x.tokens)));
    const attended = withTokens(x, add(x.tokens, dropPath(y, x, scales, 2 * index)));
    const z = this.mlp.forward(withTokens(x, this.norm2.forward(attended.tokens)), hidden);
    return {
      x: withTokens(x, add(attended.tokens, dropPath(z, x, scales, 2 * index + 1))),
      attention,
    };
  }
}

/** Stochastic depth: scales a residual branch per image by 0 or 1 / (1 − rate). */
function dropPath(branch: Tensor, grid: Grid, scales: DropPathScales, row: number): Tensor {
  if (!scales) return branch;
  const c = channelsOf(grid);
  const scale = reshape(slice(scales, [row, 0], [1, grid.n]), [grid.n, 1, 1]);
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

  forward(x: Grid): { y: Tensor; attention: AttentionLogits } {
    const c = channelsOf(x);
    const d = c / this.heads;
    let reduced = x;
    if (this.sr && this.norm) {
      reduced = this.sr.forward(x);
      reduced = withTokens(reduced, this.norm.forward(reduced.tokens));
    }
    const [weightK, weightV] = split(this.kv.weight.tensor, [c, c], 0) as [Tensor, Tensor];
    const [biasK, biasV] = split(this.kv.bias.tensor, [c, c], 0) as [Tensor, Tensor];
    const k = linear(reduced.tokens, weightK, biasK);
    const v = linear(reduced.tokens, weightV, biasV);
    // Scaled where it is small: a multiplication over channels instead of one over pairs of tokens.
    const scale = d ** -0.5;
    const q = mul(this.q.forward(x.tokens), scale);
    const logits = matmul(byHead(x, q, this.heads), transpose(byHead(reduced, k, this.heads)));
    const attended = attend(logits, byHead(reduced, v, this.heads));
    return { y: this.proj.forward(byToken(x, attended)), attention: { logits, scale } };
  }
}

/** Tokens [n·t, heads·d] by head: [n, heads, t, d]. */
function byHead(grid: Grid, tokens: Tensor, heads: number): Tensor {
  const t = tokenCount(grid);
  const d = channelsOf(withTokens(grid, tokens)) / heads;
  // One image needs no axis of its own: the runtime's product then reads the heads in place.
  if (grid.n === 1) return transpose(reshape(tokens, [t, heads, d]), [1, 0, 2]);
  return transpose(reshape(tokens, [grid.n, t, heads, d]), [0, 2, 1, 3]);
}

/** The inverse: [(n,) heads, t, d] as tokens, [n·t, heads·d]. */
function byToken(grid: Grid, maps: Tensor): Tensor {
  const order = grid.n === 1 ? [1, 0, 2] : [0, 2, 1, 3];
  const [heads, , d] = maps.shape.slice(-3) as [number, Dim, number];
  return reshape(transpose(maps, order), [mulDim(grid.n, tokenCount(grid)), heads * d]);
}

/**
 * softmax(logits) · v. The softmax's gradient needs Σ dP∘P over the keys, which equals Σ dO∘O over a
 * head's few channels: one pass less over the attention matrix.
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

/** Feed-forward layer with a depthwise convolution, the encoder's only sense of position. */
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

  forward(x: Grid, layout: HiddenLayout): Tensor {
    const { n, h, w } = x;
    const block = typeof layout === "object" ? layout.block : 1;
    const throughout = typeof layout === "object" && layout.within === "layer";
    if (throughout && channelsOf(x) % block === 0) return this.forwardBlocked(x, block);
    const bias = reshape(this.fc1.bias.tensor, [this.hidden, 1]);
    const weight2 = this.fc2.weight.tensor;
    const bias2 = this.fc2.bias.tensor;
    if (isStatic([n, h, w])) {
      // The hidden layer is channel-major, as the convolution wants it: no transposing on either side.
      const hidden = gemm(this.fc1.weight.tensor, x.tokens, { transB: true, bias }); // [4c, n·h·w]
      const { dwconv } = this.dwconv;
      const mixed = gelu(dwconv.forward(hidden, n as number, h as number, w as number, block));
      return gemm(mixed, weight2, { transA: true, transB: true, bias: bias2 });
    }
    if (layout === "tokens") {
      const wide = this.fc1.forward(x.tokens); // [n·h·w, 4c]
      const mixed = this.dwconv.dwconv.forwardMaps(toChannelsFirst(withTokens(x, wide)));
      return this.fc2.forward(gelu(fromChannelsFirst(mixed).tokens));
    }
    const t = tokenCount(x);
    const maps = transpose(reshape(x.tokens, [n, t, channelsOf(x)])); // [n, c, t]
    const hidden = reshape(add(matmul(this.fc1.weight.tensor, maps), bias), [n, this.hidden, h, w]);
    const mixed = reshape(gelu(this.dwconv.dwconv.forwardMaps(hidden)), [n, this.hidden, t]);
    const out = add(matmul(transpose(mixed), transpose(weight2)), bias2); // [n, t, c]
    return reshape(out, x.tokens.shape);
  }

  private forwardBlocked(x: Grid, block: number): Tensor {
    const hidden = blockedLinear(toBlocked(x, block), this.fc1.weight.tensor, this.fc1.bias.tensor);
    const { maps } = this.dwconv.dwconv.forwardBlocked(hidden);
    const mixed = { maps: gelu(maps), block };
    return fromBlocked(blockedLinear(mixed, this.fc2.weight.tensor, this.fc2.bias.tensor));
  }
}
