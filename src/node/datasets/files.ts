import { readdir, stat } from "node:fs/promises";
import { extname, join, posix } from "node:path";
import { unreadable } from "../file-error.ts";
import { imageExtensions } from "../images.ts";

/** Folders deeper than this below an image folder are not looked into (links may lead in circles). */
const maxDepth = 8;

/** What is directly in a folder, sorted, hidden entries left out, links followed. */
export async function listFolder(folder: string): Promise<{ folders: string[]; files: string[] }> {
  const out = { folders: [] as string[], files: [] as string[] };
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw unreadable(folder, error);
  }
  const shown = entries.filter(({ name }) => !name.startsWith("."));
  const links = shown.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
  const linked = await mapAtOnce(links, 16, (name) => isFolder(join(folder, name)));
  const toFolders = new Set(links.filter((_, i) => linked[i]));
  for (const entry of shown) {
    const folderish = entry.isDirectory() || toFolders.has(entry.name);
    (folderish ? out.folders : out.files).push(entry.name);
  }
  out.folders.sort();
  out.files.sort();
  return out;
}

/** Image files in a folder and below, as sorted paths from it with forward slashes. */
export async function listImages(folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await listFolder(folder);
  const images = files.filter(isImageName);
  if (depth < maxDepth) {
    for (const name of folders) {
      const inside = await listImages(join(folder, name), depth + 1);
      for (const path of inside) images.push(posix.join(name, path));
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

/** Applies an asynchronous function to all items, a few at a time; results in the order of the items. */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  apply: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const walk = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await apply(items[i]!, i);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, walk));
  return results;
}
