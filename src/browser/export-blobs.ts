import { join } from "../files/text/path.ts";
import type { WebHost } from "../host/web/host.ts";
import { outcomeOf } from "../jobs/events.ts";
import { exportModel, type Exported, type ExportOptions } from "../jobs/export.ts";
import type { OpenedModel } from "../method/inference/model.ts";
import { fileBlob, type NamedBlob } from "./blobs.ts";

/** An export whose files are blobs. */
export interface ExportedBlobs extends Pick<Exported, "format" | "difference"> {
  /** The last one is the model. */
  readonly files: readonly NamedBlob[];
}

let exportCount = 0;

/**
 * Exports a trained model for other programs as blobs; an .onnx is run once and compared with the network.
 * @param name name of the file, `model.onnx` by default, or of the folder for transformers.js
 */
export async function exportModelBlobs(
  host: WebHost,
  model: OpenedModel,
  { name, ...options }: Omit<ExportOptions, "out" | "overwrite"> & { readonly name?: string } = {},
): Promise<ExportedBlobs> {
  const folder = `/memory/export-${exportCount++}`;
  const ending = { onnx: ".onnx", safetensors: ".safetensors", transformersjs: "" };
  const file = name ?? `model${ending[options.format ?? "onnx"]}`;
  try {
    const events = exportModel(host, model, { ...options, out: join(folder, file) });
    const { exported } = await outcomeOf(events, "exported");
    const { format, files, difference } = exported;
    const blobs: NamedBlob[] = [];
    for (const { file: path } of files) {
      blobs.push({ name: path.slice(folder.length + 1), blob: await fileBlob(host, path) });
    }
    return { format, files: blobs, ...(difference !== undefined && { difference }) };
  } finally {
    await host.store.remove(folder);
  }
}
