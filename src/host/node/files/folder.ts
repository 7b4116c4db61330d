import { opendirSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isImageName } from "../../../method/images/image-name.ts";
import type { FolderContent, ListOptions } from "../../store.ts";
import { unreadable } from "./file-error.ts";

/** Entries read from the system at a time; fewer, or many more, take longer for a large folder. */
const entriesAtOnce = 4096;

/** Largest number of links that are all checked for being folders; if there are more, links named like images count as files. */
const linkLimit = 4000;

/** Lists a folder, following links. Reads synchronously, which for a million entries takes half the time. */
export async function listFolder(
  folder: string,
  { sorted = true, hidden = false }: ListOptions = {},
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
  const areFolders = await Promise.all(links.map((name) => isFolder(join(folder, name))));
  links.forEach((name, i) => (areFolders[i] ? out.folders : out.files).push(name));
  if (sorted) {
    out.folders.sort();
    out.files.sort();
  }
  return out;
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
