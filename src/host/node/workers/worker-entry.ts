import { extname } from "node:path";

/**
 * The entry of worker threads in this folder: the built file, or, when tag2mask runs from its TypeScript
 * sources, the one that brings the loader along.
 * @param name without ending
 */
export function workerEntry(name: string): URL {
  const ending = extname(import.meta.url); // .ts in the sources, .js or .mjs once built
  return new URL(`./${name}${ending === ".ts" ? ".source.mjs" : ending}`, import.meta.url);
}
