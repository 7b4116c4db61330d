import { opendir, readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { unreadable } from "../file-error.ts";
import { imageExtensions } from "../images.ts";

/** Folders deeper than this below an image folder are not looked into (links may lead in circles). */
const maxDepth = 8;

/** Entries that are asked of the system at a time: with few or very many a large folder takes longer. */
const entriesAtOnce = 4096;

/** Up to this many links are followed to see whether they lead to folders; of more those named like images are files. */
const linkLimit = 4000;

/** The names of what is directly in a folder, sorted. */
export interface FolderContent {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** What is directly in a folder, hidden entries left out, links followed. */
export async function listFolder(folder: string): Promise<FolderContent> {
  try {
    // Names alone come sorted and in half the time; in folders without folders they are all there is to know.
    if (await hasNoFolders(folder)) {
      const names = await readdir(folder);
      if (names.length > linkLimit && names.every((name) => isImageName(name) || hidden(name))) {
        return { folders: [], files: names.filter((name) => !hidden(name)).sort() };
      }
    }
    return await listByType(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

async function listByType(folder: string): Promise<FolderContent> {
  const out = { folders: [] as string[], files: [] as string[] };
  let links: string[] = [];
  for await (const entry of await opendir(folder, { bufferSize: entriesAtOnce })) {
    if (hidden(entry.name)) continue;
    if (entry.isDirectory()) out.folders.push(entry.name);
    else (entry.isSymbolicLink() ? links : out.files).push(entry.name);
  }
  if (links.length > linkLimit) {
    for (const name of links) if (isImageName(name)) out.files.push(name);
    links = links.filter((name) => !isImageName(name));
  }
  const linked = await mapAtOnce(links, 16, (name) => isFolder(join(folder, name)));
  links.forEach((name, i) => (linked[i] ? out.folders : out.files).push(name));
  out.folders.sort();
  out.files.sort();
  return out;
}

function hidden(name: string): boolean {
  return name.startsWith(".");
}

/** True where the file system counts links to a folder, as most on Linux do: its own two and one of each in it. */
async function hasNoFolders(folder: string): Promise<boolean> {
  return (await stat(folder)).nlink === 2;
}

/** Image files in a folder and below, as sorted paths from it with forward slashes. */
export async function listImages(folder: string, inside?: FolderContent): Promise<string[]> {
  return imagesOf(folder, inside ?? (await listFolder(folder)), 0);
}

async function imagesOf(
  folder: string,
  { folders, files }: FolderContent,
  depth: number,
): Promise<string[]> {
  const images = files.filter(isImageName);
  if (depth < maxDepth) {
    for (const name of folders) {
      const path = join(folder, name);
      // Unlike `+`, join makes one string of the two, which takes half the memory once it is looked at.
      for (const file of await imagesOf(path, await listFolder(path), depth + 1)) {
        images.push([name, file].join("/"));
      }
    }
  }
  return images;
}

export function isImageName(name: string): boolean {
  return imageExtensions.includes(extname(name).toLowerCase());
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}

/** A file name without its ending. */
export function stem(file: string): string {
  return file.slice(0, file.length - extname(file).length);
}

/**
 * Applies a function that may be asynchronous to all items, a few at a time; results in the order of the items. Nothing
 * is waited for where results come at once.
 */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  apply: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const walk = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const result = apply(items[i]!, i);
      results[i] = result instanceof Promise ? await result : result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, walk));
  return results;
}
