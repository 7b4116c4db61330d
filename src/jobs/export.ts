import type { NdArray } from "../engine/graph/index.ts";
import { exportedFiles, type ExportedFile } from "../files/export/exported-files.ts";
import {
  exportedGraph,
  externalDataOf,
  needExternalData,
  type ExportedGraph,
} from "../files/export/onnx.ts";
import { halveWeights, quantizeWeights, type Precision } from "../files/export/precision.ts";
import {
  checkEnding,
  checkPrecision,
  defaultOut,
  formatOf,
  type ExportFormat,
} from "../files/export/target.ts";
import type { Host } from "../host/host.ts";
import type { ExportedModel, OpenedModel } from "../method/inference/model.ts";
import { UserError } from "../user-error.ts";
import { checkEmpty, checkFree } from "./check-free.ts";
import type { JobOptions, StoppedEvent } from "./events.ts";
import { logitDifference } from "./verify-export.ts";

/** Services of a host that an export uses. */
export type ExportHost = Pick<Host, "store" | "runtime" | "version">;

export interface ExportOptions {
  /** Element type of the stored weights and, for int8, of the large products; only for one .onnx file. */
  readonly precision?: Precision;
  /** By default safetensors if `out` ends in .safetensors, else ONNX. */
  readonly format?: ExportFormat;
  /** Path of the file, or of the folder for transformers.js; beside the weights by default. */
  readonly out?: string;
  /** Replace existing files. */
  readonly overwrite?: boolean;
  /** Smallest size of the weights, in bytes, that puts them in a file beside the .onnx (protobuf ends at 2 GB). */
  readonly externalDataFrom?: number;
}

/** A written export. */
export interface Exported {
  readonly format: ExportFormat;
  /** Path of the model: the file, or the folder for transformers.js. */
  readonly out: string;
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
  /** Largest difference between the exported model's logits and the network's, divided by the largest logit. */
  readonly difference?: number;
}

export type ExportEvent =
  /** The files are encoded and about to be written. */
  | { readonly type: "writing"; readonly files: readonly string[] }
  /** The written model is compared with the network. */
  | { readonly type: "verifying"; readonly file: string }
  /** Nothing was written. */
  | StoppedEvent
  | { readonly type: "exported"; readonly exported: Exported };

/**
 * Writes a trained model for other programs, all of its files or none. Then runs an ONNX model once and compares its
 * output with the network's; a model that differs is removed. An aborted signal stops it before the files are written.
 */
export async function* exportModel(
  host: ExportHost,
  model: OpenedModel | ExportedModel,
  options: ExportOptions & JobOptions = {},
): AsyncGenerator<ExportEvent, void> {
  const { store } = host;
  const { overwrite = false, precision = "float32", signal } = options;
  if (model.network === null) {
    throw new UserError(
      `${model.file}: is an exported model already; give the run folder or the weights it was made of`,
    );
  }
  const format = options.format ?? formatOf(options.out);
  checkPrecision(precision, format);
  const out = options.out ?? defaultOut(model.file, format, precision);
  checkEnding(out, format);
  const weights = weightsOf(model);
  const external = needExternalData(weights, options.externalDataFrom);
  const graph = await graphOf(host, model, weights, precision);
  const files = exportedFiles(format, out, {
    model,
    weights,
    graph,
    version: host.version,
    external,
  });
  const main = files.at(-1)!.path;
  // The data file of an earlier, larger model would look like a part of this one.
  const stale = format === "safetensors" || external ? [] : [externalDataOf(main)];
  await checkFree(store, [...files.map(({ path }) => path), ...stale], model.file, overwrite);
  if (format === "transformersjs" && !overwrite) {
    await checkEmpty(store, out, [{ kind: "option", name: "overwrite" }]);
  }
  // A device that is missing shows before a file is written.
  const runtime = format === "safetensors" ? null : await host.runtime();
  yield { type: "writing", files: files.map(({ path }) => path) };
  if (signal?.aborted) return yield { type: "stopped", done: 0, total: files.length };
  await store.write(files);
  for (const path of stale) {
    if ((await store.stat(path))?.kind === "file") await store.remove(path);
  }
  const written = files.map(({ path, data }) => ({ file: path, bytes: sizeOf(data) }));
  if (runtime === null) {
    return yield { type: "exported", exported: { format, out, files: written } };
  }
  const tolerance = tolerances[precision];
  let isVerified = false;
  try {
    yield { type: "verifying", file: main };
    const difference = await logitDifference(runtime, main, model, weights);
    isVerified = difference <= tolerance;
    if (!isVerified) {
      throw new UserError(
        `${main}: removed, because its logits differ from those of ${model.file} by ${difference.toPrecision(2)} of the ` +
          `largest logit, more than ${tolerance}; check the weights for NaN and huge values`,
      );
    }
    yield { type: "exported", exported: { format, out, files: written, difference } };
  } finally {
    if (!isVerified) for (const { path } of files) await store.remove(path);
  }
}

/** Largest accepted difference between exported and own logits, divided by the largest logit. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-4, float16: 1e-2, int8: 0.2 };

async function graphOf(
  host: ExportHost,
  { network }: OpenedModel,
  weights: Readonly<Record<string, NdArray>>,
  precision: Precision,
): Promise<ExportedGraph> {
  if (precision === "int8") {
    return quantizeWeights(await host.runtime(), exportedGraph(network, "tokens"), weights);
  }
  const graph = exportedGraph(network);
  return precision === "float16" ? halveWeights(graph, weights) : graph;
}

/** The network's tensors, without the optimizer's moments that are in a checkpoint too. */
function weightsOf({ network, parameters }: OpenedModel): Record<string, NdArray> {
  return Object.fromEntries(network.parameters.map(({ name }) => [name, parameters[name]!]));
}

function sizeOf(data: ExportedFile["data"]): number {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  return data.reduce((sum, piece) => sum + piece.length, 0);
}
