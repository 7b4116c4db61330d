import type { NdArray } from "../../engine/graph/index.ts";
import type { OpenedModel } from "../../method/inference/model.ts";
import { basename, join } from "../text/path.ts";
import { initialWeightsMetadata } from "../weights/initial-weights.ts";
import { encodeSafetensors } from "../weights/safetensors.ts";
import { exportOnnx, externalDataOf, type ExportedGraph } from "./onnx.ts";
import type { ExportFormat } from "./target.ts";
import { segformerConfig, segformerProcessor, segformerReadme } from "./transformers-js.ts";

/** A file of an export, not yet written. */
export interface ExportedFile {
  readonly path: string;
  readonly data: string | readonly Uint8Array[];
}

/** A trained model and the way to export it. */
export interface ExportContent {
  readonly model: OpenedModel;
  /** Weights and buffers of `graph` by name, in its precision. */
  readonly weights: Readonly<Record<string, NdArray>>;
  readonly graph: ExportedGraph;
  /** Version of tag2mask, stored in the files. */
  readonly version: string;
  /** Whether the weights get a file of their own. */
  readonly external: boolean;
}

/** The files of an export, the one that is opened last: where it exists, the others do. */
export function exportedFiles(
  format: ExportFormat,
  out: string,
  content: ExportContent,
): ExportedFile[] {
  switch (format) {
    case "safetensors":
      return [{ path: out, data: encodeSafetensors(content.weights, weightsMetadata(content)) }];
    case "onnx":
      return onnxFiles(out, content);
    case "transformersjs":
      return transformersFiles(out, content);
  }
}

function onnxFiles(path: string, content: ExportContent): ExportedFile[] {
  const { weights, graph, version, external } = content;
  const { network, config, classes, step, initialWeights } = content.model;
  const data = externalDataOf(path);
  const encoded = exportOnnx(network, {
    parameters: weights,
    config,
    classes,
    step,
    initialWeights,
    version,
    graph,
    ...(external && { externalData: basename(data) }),
  });
  return [
    ...(external ? [{ path: data, data: encoded.externalData }] : []),
    { path, data: encoded.model },
  ];
}

function transformersFiles(folder: string, content: ExportContent): ExportedFile[] {
  const { model, external } = content;
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  const files = {
    "config.json": json(segformerConfig(model, external)),
    "preprocessor_config.json": json(segformerProcessor(model.config)),
    "README.md": segformerReadme(model),
  };
  return [
    ...Object.entries(files).map(([name, data]) => ({ path: join(folder, name), data })),
    ...onnxFiles(join(folder, "onnx", "model.onnx"), content),
  ];
}

function weightsMetadata({ model, version }: ExportContent): Record<string, string> {
  const { classes, config, step, initialWeights } = model;
  return {
    format: "pt", // required by PyTorch's readers
    tag2mask: version,
    step: String(step),
    classes: JSON.stringify(classes),
    config: JSON.stringify(config),
    ...initialWeightsMetadata(initialWeights),
  };
}
