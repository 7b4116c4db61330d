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
  /** Takes the paths of the files that are no images. */
  readonly others?: string[];
}

/** Image files in a folder and below, as paths from there; sorted by default. */
export async function listImages(
  store: Pick<Store, "list">,
  folder: string,
  { content, others, ...options }: ListImagesOptions = {},
): Promise<readonly string[]> {
  const inside = content ?? (await store.list(folder, options));
  return imagesOf(store, folder, inside, { ...options, ...(others && { others }) }, 0);
}

async function imagesOf(
  store: Pick<Store, "list">,
  folder: string,
  { folders, files }: FolderContent,
  { others, ...options }: ListOptions & { readonly others?: string[] },
  depth: number,
): Promise<readonly string[]> {
  // Most image folders hold nothing else and need no list of their own.
  if (folders.length === 0 && files.every(isImageName)) return files;
  const images = files.filter(isImageName);
  if (others) for (const file of files) if (!isImageName(file)) others.push(file);
  if (depth < maxDepth) {
    for (const name of folders) {
      const path = join(folder, name);
      const content = await store.list(path, options);
      const deeper: string[] = [];
      const inner = { ...options, ...(others && { others: deeper }) };
      for (const file of await imagesOf(store, path, content, inner, depth + 1)) {
        // `join` makes one string of the two; `+` would keep both, twice the memory once the text is read.
        images.push([name, file].join("/"));
      }
      for (const file of deeper) others!.push([name, file].join("/"));
    }
  }
  return images;
}
