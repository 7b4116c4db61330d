import type { DroppedFolder } from "../host/web/files/dropped.ts";
import type { FileMap } from "../host/web/files/memory-volume.ts";
import type { WebHost } from "../host/web/host.ts";
import type { ByteSource } from "../host/byte-source.ts";
import { UserError } from "../user-error.ts";

/** A file as a page has it: dropped, fetched, or read from anywhere. */
export type GivenFile = Blob | Uint8Array | ByteSource;

/** A folder as a page has it: dropped or chosen, a handle, or files by their paths. */
export type GivenFolder = DroppedFolder | FileSystemDirectoryHandle | FileMap;

/** Runs work on a file under a path of the host, which forgets the file afterwards. */
export async function withFile<R>(
  host: WebHost,
  file: GivenFile,
  use: (path: string) => Promise<R>,
): Promise<R> {
  const content = await blobOf(file);
  const name =
    file instanceof File ? file.name : "name" in file ? file.name : await nameOf(content);
  const folder = host.addFolder("given", new Map([[name, content]]));
  try {
    return await use(`${folder}/${name}`);
  } finally {
    host.removeFolder(folder);
  }
}

/** The path of a folder of the host, to which a given one is added. */
export function folderPath(host: WebHost, folder: string | GivenFolder): string {
  if (typeof folder === "string") return folder;
  if (folder instanceof Map) return host.addFolder("files", folder);
  if (folder instanceof FileSystemDirectoryHandle) return host.addFolder(folder.name, folder);
  const { name, content } = folder as DroppedFolder;
  return host.addFolder(name, content);
}

async function blobOf(file: GivenFile): Promise<Blob> {
  if (file instanceof Blob) return file;
  const bytes = file instanceof Uint8Array ? file : await file.read(0, file.size);
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** A name for weights or a model without one, by its first bytes: the ending tells the format. */
async function nameOf(content: Blob): Promise<string> {
  const start = new Uint8Array(await content.slice(0, 10).arrayBuffer());
  if (start.length < 10) {
    throw new UserError(
      `model: has ${content.size} bytes, too few for a model; give the whole file`,
    );
  }
  // The length of the header, then its first brace.
  if (start[7] === 0 && start[8] === 0x7b) return "model.safetensors";
  if (start[0] === 0x50 && start[1] === 0x4b) return "model.pth";
  return "model.onnx";
}
