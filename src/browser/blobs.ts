import { downloadZip } from "client-zip";
import { join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import type { WebHost } from "../host/web/host.ts";
import { outcomeOf } from "../jobs/events.ts";
import { exportModel, type Exported, type ExportOptions } from "../jobs/export.ts";
import type { OpenedModel } from "../method/inference/model.ts";
import type { LabelMap } from "../method/images/image.ts";

/** A file to hand to the visitor. */
export interface NamedBlob {
  /** Path with `/`, as in the folder or archive that it belongs to. */
  readonly name: string;
  readonly blob: Blob;
}

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

/** A mask as a palette PNG whose indices are the labels. */
export async function maskBlob(host: Pick<Host, "codec">, labels: LabelMap): Promise<Blob> {
  return blobOf(await host.codec.encodeLabels(labels), "image/png");
}

/** A file of the host as a blob. */
export async function fileBlob({ store }: Pick<Host, "store">, path: string): Promise<Blob> {
  return blobOf(await store.read(path));
}

/** A folder of the host with everything in it, such as masks in any format, as a zip. */
export async function folderZip(host: Pick<Host, "store">, folder: string): Promise<Blob> {
  return zipBlob(filesIn(host, folder, ""));
}

/** A zip of files. */
export function zipBlob(files: Iterable<NamedBlob> | AsyncIterable<NamedBlob>): Promise<Blob> {
  return downloadZip(inputs(files)).blob();
}

async function* inputs(
  files: Iterable<NamedBlob> | AsyncIterable<NamedBlob>,
): AsyncGenerator<{ name: string; input: Blob }> {
  for await (const { name, blob } of files) yield { name, input: blob };
}

async function* filesIn(
  host: Pick<Host, "store">,
  folder: string,
  path: string,
): AsyncGenerator<NamedBlob> {
  const { folders, files } = await host.store.list(join(folder, path));
  for (const name of files) {
    const inside = join(path, name);
    yield { name: inside, blob: await fileBlob(host, join(folder, inside)) };
  }
  for (const name of folders) yield* filesIn(host, folder, join(path, name));
}

function blobOf(bytes: Uint8Array, type = ""): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type });
}
