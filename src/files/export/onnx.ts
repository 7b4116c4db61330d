import type { Config } from "../../method/config.ts";
import {
  type EncodedModel,
  type NdArray,
  type Tensor,
  encodeModel,
  fromChannelsFirst,
  input,
} from "../../engine/graph/index.ts";
import { exportedNames } from "../../method/inference/forward.ts";
import type { InitialWeights } from "../../method/inference/initial-weights.ts";
import { initialWeightsMetadata } from "../weights/initial-weights.ts";
import type { Afa, HiddenLayout } from "../../method/model/index.ts";

/**
 * Bytes of weights from which on they are in a file beside the .onnx: a file of protobuf must stay below 2 GB, and the rest
 * of the model needs room too.
 */
const externalDataFrom = 1.5e9;

/** Whether weights are so large that they belong into a file beside the .onnx. @param limit smallest size, in bytes */
export function needExternalData(
  weights: Readonly<Record<string, NdArray>>,
  limit: number = externalDataFrom,
): boolean {
  return Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0) >= limit;
}

/** Name of the file beside an .onnx that holds large weights, as other exporters call it. */
export const externalDataOf = (onnx: string): string => `${onnx}_data`;

/** An exported model's outputs by name, from its input. */
export type ExportedGraph = Readonly<Record<"logits" | "tag_logits", Tensor>>;

/** The graph that is exported, its weights still inputs. @param hidden see `HiddenLayout` */
export function exportedGraph(network: Afa, hidden?: HiddenLayout): ExportedGraph {
  const pixels = input(exportedNames.pixels, ["batch", 3, "height", "width"]);
  const { clsLogits, segLogits } = network.forward(fromChannelsFirst(pixels), hidden);
  return { [exportedNames.segLogits]: segLogits, [exportedNames.clsLogits]: clsLogits };
}

export interface OnnxExportOptions {
  /** Weights and buffers by name. */
  readonly parameters: Readonly<Record<string, NdArray>>;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Training steps behind the weights. */
  readonly step: number;
  /** Origin of the weights that the training began with. */
  readonly initialWeights?: InitialWeights | undefined;
  /** The version of this package. */
  readonly version: string;
  /** Graph to write; `exportedGraph` by default. */
  readonly graph?: ExportedGraph;
  /** Name of the file beside the model's that is to hold the weights; without it they are in the model. */
  readonly externalData?: string;
}

/**
 * A trained network as an ONNX model that stands alone: the weights inside, batch and image sizes open,
 * and in its metadata the classes and what to do to an image first.
 */
export function exportOnnx(network: Afa, options: OnnxExportOptions): EncodedModel {
  const { parameters, externalData, graph = exportedGraph(network) } = options;
  return encodeModel(graph, {
    initializers: parameters,
    metadata: exportMetadata(options),
    ...describe(options),
    portable: true,
    ...(externalData !== undefined && { externalData }),
  });
}

/** Preprocessing of images, in the terms of Hugging Face's processors: levels scaled to 0..1. */
export function preprocessingOf({ data, eval: evaluation }: Config): {
  readonly longSide: number;
  readonly rescale: number;
  readonly mean: number[];
  readonly std: number[];
} {
  const scaled = (levels: readonly number[]): number[] =>
    levels.map((level) => Number((level / 255).toPrecision(12)));
  return {
    longSide: evaluation.longSide,
    rescale: 1 / 255,
    mean: scaled(data.mean),
    std: scaled(data.std),
  };
}

function exportMetadata(options: OnnxExportOptions): Record<string, string> {
  const { config, classes, step, version } = options;
  return {
    tag2mask: version,
    backbone: config.model.backbone,
    step: String(step),
    classes: JSON.stringify(classes),
    preprocessing: JSON.stringify(preprocessingOf(config)),
    config: JSON.stringify(config),
    ...initialWeightsMetadata(options.initialWeights),
  };
}

function describe({ config, classes }: OnnxExportOptions): {
  description: string;
  descriptions: Record<string, string>;
} {
  const { longSide, mean, std } = preprocessingOf(config);
  const image =
    `RGB images [batch, 3, height, width], resized (bilinear) to a long side of ${longSide} with their ` +
    `proportions kept, scaled to 0..1, less mean [${mean.join(", ")}], divided by std [${std.join(", ")}]; ` +
    "any number of images, any size from 32 pixels up";
  const labels = ["background", ...classes].map((name, i) => `${i} ${name}`).join(", ");
  return {
    description:
      `Semantic segmentation, ${config.model.backbone}, trained from image tags by tag2mask. ` +
      `Input ${exportedNames.pixels}: ${image}. Output ${exportedNames.segLogits}: upsample, then the ` +
      `highest of each pixel is its label (${labels}).`,
    descriptions: {
      [exportedNames.pixels]: image,
      [exportedNames.segLogits]: `logits of the labels at a quarter of the size, [batch, ${classes.length + 1}, height/4, width/4], sizes rounded up: ${labels}`,
      [exportedNames.clsLogits]: `logits of the tags, [batch, ${classes.length}]; above 0 the class is in the image: ${classes.join(", ")}`,
    },
  };
}
