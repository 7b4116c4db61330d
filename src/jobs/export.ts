import { readdir, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { ExportedForward, ForwardPass, type Logits } from "../method/inference/forward.ts";
import type { NdArray } from "../engine/graph/index.ts";
import { Random } from "../engine/random.ts";
import { UserError } from "../user-error.ts";
import { exportedGraph, exportOnnx, type ExportedGraph } from "../files/export/onnx.ts";
import { halveWeights, quantizeWeights, type Precision } from "../files/export/quantize.ts";
import { encodeSafetensors } from "../files/weights/safetensors.ts";
import {
  segformerConfig,
  segformerProcessor,
  segformerReadme,
} from "../files/export/transformers-js.ts";
import { checkFree, writeFilesAtomic } from "../host/node/files/atomic-file.ts";
import type { OpenedModel } from "./open-model.ts";
import { nodeRuntime } from "../host/node/ort/runtime.ts";
import { packageVersion } from "../host/node/version.ts";

/** What a model can be exported as: one .onnx file, weights alone, or a folder for transformers.js. */
export type ExportFormat = "onnx" | "safetensors" | "transformersjs";

export interface ExportOptions {
  /** What weights are stored as and, with int8, products computed in; only of one .onnx file. */
  readonly precision?: Precision;
  /** Told from the ending of `out` if not given; ONNX if there is none. */
  readonly format?: ExportFormat;
  /** File, or folder for transformers.js; beside the weights if not given. */
  readonly out?: string;
  /** Replace files that are there already. */
  readonly overwrite?: boolean;
  /** Bytes of weights from which they go into a file of their own beside the .onnx (protobuf ends at 2 GB). */
  readonly externalDataFrom?: number;
}

/** What was written. */
export interface Exported {
  readonly format: ExportFormat;
  /** What to give to others, and to `--model`. */
  readonly out: string;
  readonly files: readonly { readonly file: string; readonly bytes: number }[];
  /** Largest difference between the exported model's logits and the network's, of the largest logit. */
  readonly difference?: number;
}

interface ExportedFile {
  readonly path: string;
  readonly data: string | readonly Uint8Array[];
}

/** Exported and own predictions of a model may differ by this share of the largest logit. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-4, float16: 1e-2, int8: 0.2 };

/**
 * Writes a trained model as others can run it: whole or not at all. An ONNX model is run once afterwards
 * and compared with the network it was made of.
 */
export async function exportModel(
  model: OpenedModel,
  options: ExportOptions = {},
): Promise<Exported> {
  const {
    out: given,
    overwrite = false,
    externalDataFrom = 1.5e9,
    precision = "float32",
  } = options;
  const format = options.format ?? formatOf(given);
  checkPrecision(precision, format);
  const out = given ?? defaultOut(model.file, format, precision);
  checkEnding(out, format);
  const weights = ownWeights(model);
  const external = byteLength(weights) >= externalDataFrom;
  const graph = await graphOf(model, weights, precision);
  const plan = { out, weights, external, graph };
  const files =
    format === "safetensors"
      ? [{ path: out, data: encodeSafetensors(weights, safetensorsMetadata(model)) }]
      : format === "onnx"
        ? onnxFiles(model, out, plan)
        : transformersFiles(model, plan);
  const stale = format === "safetensors" || plan.external ? [] : [`${files.at(-1)!.path}_data`];
  await checkFree([...files.map(({ path }) => path), ...stale], model.file, overwrite);
  if (format === "transformersjs" && !overwrite) await checkEmpty(out);
  await writeFilesAtomic(files);
  for (const path of stale) await rm(path, { force: true });
  const written = files.map(({ path, data }) => ({ file: path, bytes: sizeOf(data) }));
  if (format === "safetensors") return { format, out, files: written };
  const difference = await compare(model, weights, files.at(-1)!.path, tolerances[precision]).catch(
    async (error: unknown) => {
      for (const { path } of files) await rm(path, { force: true });
      throw error;
    },
  );
  return { format, out, files: written, difference };
}

interface Plan {
  readonly out: string;
  readonly weights: Readonly<Record<string, NdArray>>;
  /** Whether the weights get a file of their own. */
  readonly external: boolean;
  readonly graph: ExportedGraph;
}

async function graphOf(
  { network }: OpenedModel,
  weights: Plan["weights"],
  precision: Precision,
): Promise<ExportedGraph> {
  if (precision === "int8")
    return await quantizeWeights(nodeRuntime(), exportedGraph(network, "tokens"), weights);
  const graph = exportedGraph(network);
  return precision === "float16" ? halveWeights(graph, weights) : graph;
}

/** The model last: who finds it finds all that it needs. */
function onnxFiles(
  model: OpenedModel,
  path: string,
  { weights, external, graph }: Plan,
): ExportedFile[] {
  const { network, config, classes, step } = model;
  const data = `${path}_data`;
  const encoded = exportOnnx(network, {
    ...{ parameters: weights, config, classes, step, version: packageVersion(), graph },
    ...(external && { externalData: basename(data) }),
  });
  return [
    ...(external ? [{ path: data, data: encoded.externalData }] : []),
    { path, data: encoded.model },
  ];
}

function transformersFiles(model: OpenedModel, plan: Plan): ExportedFile[] {
  const { out, external } = plan;
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return [
    { path: join(out, "config.json"), data: json(segformerConfig(model, external)) },
    { path: join(out, "preprocessor_config.json"), data: json(segformerProcessor(model.config)) },
    { path: join(out, "README.md"), data: segformerReadme(model) },
    ...onnxFiles(model, join(out, "onnx", "model.onnx"), plan),
  ];
}

function formatOf(out: string | undefined): ExportFormat {
  return out !== undefined && extname(out).toLowerCase() === ".safetensors"
    ? "safetensors"
    : "onnx";
}

function defaultOut(weights: string, format: ExportFormat, precision: Precision): string {
  const whole = basename(weights, extname(weights));
  const stem = precision === "float32" ? whole : `${whole}.${precision}`;
  const name = {
    onnx: ".onnx",
    safetensors: ".weights.safetensors",
    transformersjs: "-transformersjs",
  };
  return join(dirname(weights), `${stem}${name[format]}`);
}

function checkPrecision(precision: Precision, format: ExportFormat): void {
  if (precision === "float32" || format === "onnx") return;
  throw new UserError(
    `export: the format ${format} has float32 weights only, ${precision} was asked for; ` +
      "give --format onnx, or no --precision",
  );
}

/** By its ending a model is recognised when it is used. */
function checkEnding(out: string, format: ExportFormat): void {
  const ending = extname(out).toLowerCase();
  if (format === "transformersjs") {
    if (ending !== ".onnx" && ending !== ".safetensors") return;
    throw new UserError(
      `${out}: for transformers.js a folder is written; give it a name without ${ending}`,
    );
  }
  if (ending === `.${format}`) return;
  throw new UserError(
    `${out}: the name of a file of the format ${format} ends in .${format}; give that ending or another --format`,
  );
}

async function checkEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.length === 0) return;
  throw new UserError(
    `${folder}: has ${names.length} file(s) already; give an empty or new folder, or --overwrite`,
  );
}

/** The network's tensors, without the optimizer's moments that a checkpoint holds too. */
function ownWeights({ network, parameters }: OpenedModel): Record<string, NdArray> {
  return Object.fromEntries(network.parameters.map(({ name }) => [name, parameters[name]!]));
}

function safetensorsMetadata({ classes, config, step }: OpenedModel): Record<string, string> {
  return {
    // Asked for by PyTorch's readers.
    format: "pt",
    tag2mask: packageVersion(),
    step: String(step),
    classes: JSON.stringify(classes),
    config: JSON.stringify(config),
  };
}

/** Runs the file and the network on two images of an odd size. */
async function compare(
  { file: source, network, classes }: OpenedModel,
  weights: Readonly<Record<string, NdArray>>,
  file: string,
  tolerance: number,
): Promise<number> {
  const runtime = nodeRuntime();
  const random = Random.at(0, "export");
  const shape = [2, 3, 75, 101];
  const data = Float32Array.from({ length: 2 * 3 * 75 * 101 }, () => random.normal());
  const own = new ForwardPass(runtime, network, weights, ["clsLogits", "segLogits"]);
  const exported = new ExportedForward(runtime, file, file, classes.length);
  try {
    const images: NdArray = { dtype: "float32", shape, data };
    const difference = largestDifference(await exported.run(images), await own.run(images));
    if (difference <= tolerance) return difference;
    throw new UserError(
      `${file}: not kept, for its predictions differ from those of ${source} by ${difference.toPrecision(2)} of the ` +
        `largest logit, more than ${tolerance}; see whether the weights hold NaN or huge values`,
    );
  } finally {
    await own.release();
    await exported.release();
  }
}

function largestDifference(actual: Logits, expected: Logits): number {
  const differences = (["clsLogits", "segLogits"] as const).map((name) => {
    const [a, b] = [actual[name].data as Float32Array, expected[name].data as Float32Array];
    let [difference, largest] = [0, 0];
    b.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      difference = Math.max(difference, Math.abs(value - a[i]!)); // NaN stays NaN
    });
    return difference === 0 ? 0 : difference / largest;
  });
  return Math.max(...differences);
}

function byteLength(weights: Readonly<Record<string, NdArray>>): number {
  return Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0);
}

function sizeOf(data: ExportedFile["data"]): number {
  if (typeof data === "string") return Buffer.byteLength(data);
  return data.reduce((sum, piece) => sum + piece.length, 0);
}
