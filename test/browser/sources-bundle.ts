import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Golden files come over the network instead of from a disk. */
const goldenByFetch: Plugin = {
  name: "golden by fetch",
  setup(builder) {
    builder.onResolve({ filter: /\/golden\.ts$/ }, () => ({ path: join(here, "golden.ts") }));
  },
};

/**
 * A browser bundle of a file of this repository with the sources that it imports. Anything that a browser lacks is an error.
 * Files of onnxruntime-web are not in it: pages name the folder in which they lie.
 */
export async function sourcesBundle(entry: URL): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    plugins: [goldenByFetch],
    conditions: ["onnxruntime-web-use-extern-wasm"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.contents;
}
