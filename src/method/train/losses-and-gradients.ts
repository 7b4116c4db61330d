import { fastestLayout } from "../inference/fastest-layout.ts";
import { channelsLast, type NetworkFeeds } from "../inference/network-feeds.ts";
import type { NdArray, Runtime } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import { buildStep } from "./step-graph.ts";

/** A batch with its labels. */
export interface LabelledBatch {
  /** Normalized RGB, [n, 3, crop, crop] */
  readonly images: NdArray;
  /** 1 where a class is present, float32 [n, C] */
  readonly tags: NdArray;
  /** 0 … C or 255, as float32 [n, crop, crop] */
  readonly segLabel: NdArray;
  /** 1 same class, 0 different, 255 ignore, as float32 [n, t, t] */
  readonly affinityLabel: NdArray;
  /** Weights of the segmentation and the affinity loss (method 2.9). */
  readonly lossWeights?: readonly [seg: number, affinity: number];
}

export interface LossesAndGradients {
  readonly losses: {
    readonly cls: number;
    readonly seg: number;
    readonly affinity: number;
    readonly total: number;
  };
  /** By parameter name. */
  readonly gradients: Readonly<Record<string, NdArray>>;
  /** Mean and biased variance of this batch in the decoder's BatchNorm, [width] each. */
  readonly statistics: { readonly mean: NdArray; readonly variance: NdArray };
}

/**
 * Computes the three losses of a labeled batch and the gradient of every trainable parameter, in training mode
 * without DropPath and dropout.
 */
export async function lossesAndGradients(
  runtime: Runtime,
  network: Afa,
  parameters: NetworkFeeds,
  { images, tags, segLabel, affinityLabel, lossWeights = [0.1, 0.1] }: LabelledBatch,
): Promise<LossesAndGradients> {
  const [batch, , crop, width] = images.shape as [number, number, number, number];
  if (crop !== width)
    throw new RangeError(`lossesAndGradients: images are ${width} x ${crop}; crop them to squares`);
  const graph = buildStep(network, {
    ...(runtime.device === "webgpu" && { layout: await fastestLayout(runtime) }),
    kind: "full",
    batch,
    crop,
    dropPath: false,
    dropout: false,
    learned: network.trainable,
  });
  const session = await runtime.createSession(graph.model);
  const feeds = {
    ...parameters,
    tags,
    image: channelsLast(images),
    seg_label: segLabel,
    affinity_label: affinityLabel,
    loss_weights: {
      dtype: "float32",
      shape: [3],
      data: Float32Array.of(...lossWeights, 0),
    } as const,
  };
  const names = [...Object.keys(graph.outputs), ...graph.gradients.map((name) => `grad.${name}`)];
  const fetches = Object.fromEntries(names.map((name) => [name, null]));
  const results = await session.run(feeds, fetches).finally(() => session.release());
  const number = (name: string): number => Number(results[name]!.data[0]);
  return {
    losses: {
      cls: number("loss.cls"),
      seg: number("loss.seg"),
      affinity: number("loss.affinity"),
      total: number("loss.total"),
    },
    gradients: Object.fromEntries(graph.gradients.map((name) => [name, results[`grad.${name}`]!])),
    statistics: { mean: results["bn.mean"]!, variance: results["bn.variance"]! },
  };
}
