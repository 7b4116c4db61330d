import type { FolderContent, ListOptions, Store } from "../../host/store.ts";
import { isImageName } from "../../method/images/image-name.ts";
import { join } from "./path.ts";

/** Folders deeper than this below an image folder are ignored: links may lead in circles. */
const maxDepth = 8;

export async function isFile(store: Pick<Store, "stat">, path: string): Promise<boolean> {
  return (await store.stat(path))?.kind === "file";
}

export async function isFolder(store: Pick<Store, "stat">, path: string): Promise<boolean> {
  return (await store.stat(path))?.kind === "folder";
}

export interface ListImagesOptions extends Pick<ListOptions, "sorted"> {
  /** Content of the folder if it has been listed already. */
  readonly content?: FolderContent | undefined;
}

/** Image files in a folder and below, as paths from there; sorted by default. */
export async function listImages(
  store: Pick<Store, "list">,
  folder: string,
  { content, ...options }: ListImagesOptions = {},
): Promise<readonly string[]> {
  return imagesOf(store, folder, content ?? (await store.list(folder, options)), options, 0);
}

async function imagesOf(
  store: Pick<Store, "list">,
  folder: string,
  { folders, files }: FolderContent,
  options: ListOptions,
  depth: number,
): Promise<readonly string[]> {
  // Most image folders hold nothing else and need no list of their own.
  if (folders.length === 0 && files.every(isImageName)) return files;
  const images = files.filter(isImageName);
  if (depth < maxDepth) {
    for (const name of folders) {
      const path = join(folder, name);
      const content = await store.list(path, options);
      for (const file of await imagesOf(store, path, content, options, depth + 1)) {
        // `join` makes one string of the two; `+` would keep both, twice the memory once the text is read.
        images.push([name, file].join("/"));
      }
    }
  }
  return images;
}
