import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes that a folder takes on its disk, as `du` counts them. */
export async function diskUse(folder: string, seen = new Set<number>()): Promise<number> {
  const { blocks, ino } = await lstat(folder);
  // A file under several names is there once.
  if (seen.has(ino)) return 0;
  seen.add(ino);
  let bytes = blocks * 512;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      bytes += await diskUse(path, seen);
      continue;
    }
    const file = await lstat(path);
    if (!seen.has(file.ino)) bytes += file.blocks * 512;
    seen.add(file.ino);
  }
  return bytes;
}

/** Names of all packages in a node_modules, sorted. */
export async function packageNames(modules: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(modules)) {
    if (name.startsWith(".")) continue;
    if (!name.startsWith("@")) names.push(name);
    else for (const inner of await readdir(join(modules, name))) names.push(`${name}/${inner}`);
  }
  return names.sort();
}

/** Bytes of every package in a node_modules, largest first. */
export async function packageSizes(modules: string): Promise<(readonly [string, number])[]> {
  const sizes: (readonly [string, number])[] = [];
  for (const name of await packageNames(modules))
    sizes.push([name, await diskUse(join(modules, name))]);
  return sizes.sort(([, a], [, b]) => b - a);
}
