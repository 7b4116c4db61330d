import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Golden files come over the network instead of from a disk. */
const goldenByFetch: Plugin = {
  name: "golden by fetch",
  setup(builder) {
    builder.onResolve({ filter: /\/golden\.ts$/ }, () => ({ path: join(here, "golden.ts") }));
  },
};

/** Settings of a bundle that a browser loads as one module. */
export const forBrowser = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2023",
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Files of onnxruntime-web stay out of a bundle: pages name the folder in which they lie. */
export const externOrt = { conditions: ["onnxruntime-web-use-extern-wasm"] };

/**
 * A browser bundle of a file of this repository with the sources that it imports. Anything that a browser lacks is an error.
 * Files of onnxruntime-web are not in it: pages name the folder in which they lie.
 */
export async function sourcesBundle(entry: URL): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    plugins: [goldenByFetch],
    ...externOrt,
    ...forBrowser,
    write: false,
  });
  return outputFiles[0]!.contents;
}
