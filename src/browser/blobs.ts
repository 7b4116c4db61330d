import { join } from "../files/text/path.ts";
import type { Host } from "../host/host.ts";
import type { LabelMap } from "../method/images/image.ts";

/** A file to hand to the visitor. */
export interface NamedBlob {
  /** Path with `/`, as in the folder or archive that it belongs to. */
  readonly name: string;
  readonly blob: Blob;
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
export async function zipBlob(
  files: Iterable<NamedBlob> | AsyncIterable<NamedBlob>,
): Promise<Blob> {
  const { downloadZip } = await import("client-zip");
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
