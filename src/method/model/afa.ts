import {
  type Grid,
  type NdArray,
  type Tensor,
  input,
  mul,
  mulDim,
  reshape,
  sizeOf,
  toChannelsFirst,
} from "../../engine/graph/index.ts";
import { type Parameter, LayerNorm, nameParameters } from "../../engine/nn/index.ts";
import { Random } from "../../engine/random.ts";
import { type BackboneName, backbones } from "./backbones.ts";
import { type Pooling, AffinityHead, Classifier, SegmentationDecoder } from "./heads.ts";
import { MixTransformer, type HiddenLayout } from "./mit.ts";

export interface AfaOptions {
  readonly backbone: BackboneName;
  /** Number of foreground classes, C. */
  readonly classes: number;
  readonly pooling?: Pooling;
  /** Channels of the segmentation decoder. */
  readonly decoderWidth?: number;
}

/** All outputs of a forward pass; a graph computes only those that it has as outputs. */
export interface AfaOutputs {
  /** Maps of the four stages, [n, c, h, w]. */
  readonly features: readonly Tensor[];
  /** q·kᵀ of the last two blocks, [n, heads, t, t] each. */
  readonly attention: readonly Tensor[];
  /** [n, C] */
  readonly clsLogits: Tensor;
  /** [n, C + 1, h/4, w/4] */
  readonly segLogits: Tensor;
  /** [n, t, t] in 0..1, t tokens at 1/16 */
  readonly affinity: Tensor;
  /** Raw class activations, [n, C, h/16, w/16] */
  readonly cam: Tensor;
}

/** Parameters that share learning rate and weight decay (method 2.13). */
export type ParameterGroup = "encoder" | "norms" | "heads" | "decoder";

/** The whole network: encoder, segmentation decoder, affinity and classification heads. */
export class Afa {
  /** @internal */
  readonly encoder: MixTransformer;
  /** @internal */
  readonly decoder: SegmentationDecoder;
  /** @internal */
  readonly attn_proj: AffinityHead;
  /** @internal */
  readonly classifier: Classifier;
  readonly #parameters: readonly Parameter<ParameterGroup>[];
  readonly #pooling: Pooling;

  constructor({ backbone, classes, pooling = "max", decoderWidth = 256 }: AfaOptions) {
    const shape = backbones[backbone];
    this.encoder = new MixTransformer(shape);
    this.decoder = new SegmentationDecoder(shape.channels, decoderWidth, classes + 1);
    this.attn_proj = new AffinityHead(shape.heads[3]);
    this.classifier = new Classifier(shape.channels[3], classes);
    this.#pooling = pooling;
    this.#parameters = nameParameters(this, (module) => {
      // Only the encoder has LayerNorms; the decoder's BatchNorm is in the group of the decoder.
      if (module instanceof LayerNorm) return "norms";
      if (module === this.encoder) return "encoder";
      if (module === this.decoder) return "decoder";
      return module === this.attn_proj || module === this.classifier ? "heads" : undefined;
    });
  }

  /** Number of foreground classes, C. */
  get classes(): number {
    return this.classifier.weight.shape[0]!;
  }

  get pooling(): Pooling {
    return this.#pooling;
  }

  /** Weights and buffers in the order of PyTorch's `state_dict`. */
  get parameters(): readonly Parameter<ParameterGroup>[] {
    return this.#parameters;
  }

  get trainable(): readonly Parameter<ParameterGroup>[] {
    return this.#parameters.filter((p) => p.trainable);
  }

  /** Forward pass in evaluation mode. @param image normalized RGB as tokens, see `imageInput` */
  forward(image: Grid, hidden: HiddenLayout = "maps"): AfaOutputs {
    const { features, attention } = this.encoder.forward(image, null, hidden);
    const deepest = features[3];
    return {
      features: features.map(toChannelsFirst),
      attention: attention.map(({ logits, scale }) =>
        reshape(mul(logits, 1 / scale), [image.n, ...logits.shape.slice(-3)]),
      ),
      clsLogits: this.classifier.forward(deepest, this.#pooling),
      segLogits: toChannelsFirst(this.decoder.forward(features).logits),
      affinity: this.attn_proj.forward(attention),
      cam: this.classifier.activate(deepest),
    };
  }

  /** Initial values of all parameters. Each depends on the seed and its name alone, not on other random numbers. */
  initialize(seed: number): Record<string, NdArray> {
    return Object.fromEntries(
      this.#parameters.map((p) => [p.name, p.initial(Random.at(seed, "init", p.name))]),
    );
  }

  /** Number of learned values. */
  get size(): number {
    return this.trainable.reduce((n, p) => n + sizeOf(p.shape), 0);
  }
}

/**
 * The graph input for images: normalized RGB, [n, h, w, 3].
 * @param shape [n, h, w]; a string names a size that is known only when the graph runs
 */
export function imageInput(
  [n, h, w]: readonly [number | string, number | string, number | string],
  name = "image",
): Grid {
  const image = input(name, [n, h, w, 3]);
  const [batch, height, width] = image.shape as [number, number, number];
  return {
    tokens: reshape(image, [mulDim(mulDim(batch, height), width), 3]),
    n: batch,
    h: height,
    w: width,
  };
}
