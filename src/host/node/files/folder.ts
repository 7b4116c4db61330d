import { opendirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { unreadable } from "./file-error.ts";
import { imageExtensions } from "../images/images.ts";

const imageEndings: ReadonlySet<string> = new Set(imageExtensions);

/** Largest depth of subfolders searched for images: links may lead in circles. */
const maxDepth = 8;

/** Entries requested from the system at a time; fewer or many more take longer for a large folder. */
const entriesAtOnce = 4096;

/** Largest number of links that are followed to see whether they are folders; beyond it links named like images count as files. */
const linkLimit = 4000;

/** The names directly in a folder. */
export interface FolderContent {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface FolderOptions {
  /** Sort the names; on by default. Sorting a million takes half a second. */
  readonly sorted?: boolean;
  /** Include names that begin with a dot; off by default. */
  readonly hidden?: boolean;
}

/**
 * Lists a folder, following links. Reads synchronously, which for a million entries takes half the time.
 */
export async function listFolder(
  folder: string,
  { sorted = true, hidden = false }: FolderOptions = {},
): Promise<FolderContent> {
  const out = { folders: [] as string[], files: [] as string[] };
  let links: string[] = [];
  try {
    const directory = opendirSync(folder, { bufferSize: entriesAtOnce });
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
        if (!hidden && entry.name.startsWith(".")) continue;
        if (entry.isDirectory()) out.folders.push(entry.name);
        else (entry.isSymbolicLink() ? links : out.files).push(entry.name);
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    throw unreadable(folder, error);
  }
  if (links.length > linkLimit) {
    for (const name of links) if (isImageName(name)) out.files.push(name);
    links = links.filter((name) => !isImageName(name));
  }
  const linked = await mapAtOnce(links, 16, (name) => isFolder(join(folder, name)));
  links.forEach((name, i) => (linked[i] ? out.folders : out.files).push(name));
  if (sorted) {
    out.folders.sort();
    out.files.sort();
  }
  return out;
}

/** Image files in a folder and its subfolders, as paths relative to it with `/`; sorted by default. */
export async function listImages(
  folder: string,
  { inside, ...options }: FolderOptions & { readonly inside?: FolderContent } = {},
): Promise<readonly string[]> {
  return imagesOf(folder, inside ?? (await listFolder(folder, options)), options, 0);
}

async function imagesOf(
  folder: string,
  { folders, files }: FolderContent,
  options: FolderOptions,
  depth: number,
): Promise<readonly string[]> {
  // The usual case: all files are images, and the list can be used as it is.
  if (folders.length === 0 && files.every(isImageName)) return files;
  const images = files.filter(isImageName);
  if (depth < maxDepth) {
    for (const name of folders) {
      const path = join(folder, name);
      const content = await listFolder(path, options);
      for (const file of await imagesOf(path, content, options, depth + 1)) {
        // Unlike `+`, join makes a flat string, which takes half the memory.
        images.push([name, file].join("/"));
      }
    }
  }
  return images;
}

export function isImageName(name: string): boolean {
  return imageEndings.has(extname(name).toLowerCase());
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
 * Applies a function that may be asynchronous to all items, at most `limit` at a time; returns the results in the order of
 * the items. Results that are not promises are not awaited.
 */
export async function mapAtOnce<T, R>(
  items: { readonly length: number; at(index: number): T | undefined },
  limit: number,
  apply: (item: T, index: number) => R | Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const result = apply(items.at(i)!, i);
      results[i] = result instanceof Promise ? await result : result;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
