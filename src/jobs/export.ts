import { ExportedForward, ForwardPass, type Logits } from "../method/inference/forward.ts";
import type { NdArray, Runtime } from "../engine/graph/index.ts";
import { Random } from "../engine/random.ts";
import { UserError } from "../user-error.ts";
import {
  exportedGraph,
  exportOnnx,
  needExternalData,
  type ExportedGraph,
} from "../files/export/onnx.ts";
import { halveWeights, quantizeWeights, type Precision } from "../files/export/quantize.ts";
import { encodeSafetensors } from "../files/weights/safetensors.ts";
import {
  segformerConfig,
  segformerProcessor,
  segformerReadme,
} from "../files/export/transformers-js.ts";
import { basename, dirname, extname, join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import type { Store } from "../host/store.ts";
import type { OpenedModel } from "../method/inference/model.ts";
import { checkFree } from "./check-free.ts";

/** Services of a host that an export uses. */
export type ExportHost = Pick<Host, "store" | "runtime" | "version">;

/** Target of an export: one .onnx file, the weights alone, or a folder for transformers.js. */
export type ExportFormat = "onnx" | "safetensors" | "transformersjs";

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

interface ExportedFile {
  readonly path: string;
  readonly data: string | readonly Uint8Array[];
}

/** Largest accepted difference between exported and own logits, divided by the largest logit. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-4, float16: 1e-2, int8: 0.2 };

/**
 * Writes a trained model for other programs, all of its files or none. Then runs an ONNX model once and compares its
 * output with the network's; a model that differs is removed.
 */
export async function exportModel(
  host: ExportHost,
  model: OpenedModel,
  options: ExportOptions = {},
): Promise<Exported> {
  const { store } = host;
  const { out: wantedOut, overwrite = false, precision = "float32" } = options;
  const format = options.format ?? formatOf(wantedOut);
  checkPrecision(precision, format);
  const out = wantedOut ?? defaultOut(model.file, format, precision);
  checkEnding(out, format);
  const weights = ownWeights(model);
  const external = needExternalData(weights, options.externalDataFrom);
  const graph = await graphOf(host, model, weights, precision);
  const plan: Plan = { out, weights, external, graph, version: host.version };
  const files =
    format === "safetensors"
      ? [{ path: out, data: encodeSafetensors(weights, safetensorsMetadata(model, host.version)) }]
      : format === "onnx"
        ? onnxFiles(model, out, plan)
        : transformersFiles(model, plan);
  const stale = format === "safetensors" || plan.external ? [] : [`${files.at(-1)!.path}_data`];
  await checkFree(store, [...files.map(({ path }) => path), ...stale], model.file, overwrite);
  if (format === "transformersjs" && !overwrite) await checkEmpty(store, out);
  await store.write(files);
  for (const path of stale) {
    if ((await store.stat(path))?.kind === "file") await store.remove(path);
  }
  const written = files.map(({ path, data }) => ({ file: path, bytes: sizeOf(data) }));
  if (format === "safetensors") return { format, out, files: written };
  const runtime = await host.runtime();
  const exported = files.at(-1)!.path;
  const difference = await compare(runtime, model, weights, exported, tolerances[precision]).catch(
    async (error: unknown) => {
      for (const { path } of files) await store.remove(path);
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
  /** Version of tag2mask, stored in the model. */
  readonly version: string;
}

async function graphOf(
  host: ExportHost,
  { network }: OpenedModel,
  weights: Plan["weights"],
  precision: Precision,
): Promise<ExportedGraph> {
  if (precision === "int8") {
    return quantizeWeights(await host.runtime(), exportedGraph(network, "tokens"), weights);
  }
  const graph = exportedGraph(network);
  return precision === "float16" ? halveWeights(graph, weights) : graph;
}

/** The files of an ONNX model, the model itself last: where it exists, the others do. */
function onnxFiles(
  model: OpenedModel,
  path: string,
  { weights, external, graph, version }: Plan,
): ExportedFile[] {
  const { network, config, classes, step } = model;
  const data = `${path}_data`;
  const encoded = exportOnnx(network, {
    parameters: weights,
    config,
    classes,
    step,
    version,
    graph,
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
    `export: the format ${format} has float32 weights only, ${precision} was asked for`,
    {
      remedies: [
        { kind: "option", name: "format", value: "onnx" },
        { kind: "omit", name: "precision" },
      ],
    },
  );
}

/** Checks the ending of a name, by which a model is recognized when it is used. */
function checkEnding(out: string, format: ExportFormat): void {
  const ending = extname(out).toLowerCase();
  if (format === "transformersjs") {
    if (ending !== ".onnx" && ending !== ".safetensors") return;
    throw new UserError(
      `${out}: the format transformersjs is a folder, whose name must not end in ${ending}; choose another name`,
    );
  }
  if (ending === `.${format}`) return;
  throw new UserError(
    `${out}: the name of a file in the format ${format} must end in .${format}; choose another name`,
    { remedies: [{ kind: "option", name: "format", instead: true }] },
  );
}

async function checkEmpty(store: Store, folder: string): Promise<void> {
  if ((await store.stat(folder))?.kind !== "folder") return;
  const { files, folders } = await store.list(folder, { hidden: true, sorted: false });
  const count = files.length + folders.length;
  if (count === 0) return;
  throw new UserError(`${folder}: has ${count} file(s) already; choose an empty or new folder`, {
    code: "not-empty",
    remedies: [{ kind: "option", name: "overwrite" }],
  });
}

/** The network's tensors, without the optimizer's moments that are in a checkpoint too. */
function ownWeights({ network, parameters }: OpenedModel): Record<string, NdArray> {
  return Object.fromEntries(network.parameters.map(({ name }) => [name, parameters[name]!]));
}

function safetensorsMetadata(
  { classes, config, step }: OpenedModel,
  version: string,
): Record<string, string> {
  return {
    // Required by PyTorch's readers.
    format: "pt",
    tag2mask: version,
    step: String(step),
    classes: JSON.stringify(classes),
    config: JSON.stringify(config),
  };
}

/** Runs the file and the network on two random images of an odd size; returns the largest difference. */
async function compare(
  runtime: Runtime,
  { file: source, network, classes }: OpenedModel,
  weights: Readonly<Record<string, NdArray>>,
  file: string,
  tolerance: number,
): Promise<number> {
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
      `${file}: removed, because its logits differ from those of ${source} by ${difference.toPrecision(2)} of the ` +
        `largest logit, more than ${tolerance}; check the weights for NaN and huge values`,
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

function sizeOf(data: ExportedFile["data"]): number {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  return data.reduce((sum, piece) => sum + piece.length, 0);
}
