import { extname } from "node:path";

/**
 * URL of the entry file of worker threads: the built file or, where tag2mask runs from its TypeScript sources, a file that
 * registers the loader first.
 */
export function workerEntry(): URL {
  const ending = extname(import.meta.url); // .ts in the sources, .js or .mjs once built
  return new URL(`./entry${ending === ".ts" ? ".source.mjs" : ending}`, import.meta.url);
}
