import { extname } from "node:path";

/**
 * The entry of every worker thread: the built file, or, when tag2mask runs from its TypeScript sources, the one that
 * brings the loader along.
 */
export function workerEntry(): URL {
  const ending = extname(import.meta.url); // .ts in the sources, .js or .mjs once built
  return new URL(`./entry${ending === ".ts" ? ".source.mjs" : ending}`, import.meta.url);
}
