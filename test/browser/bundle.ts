import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import { build } from "tsdown";
import library from "../../tsdown.config.ts";
import { forBrowser } from "./sources-bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A browser bundle of an entry that imports "tag2mask/core": the core as package.json publishes it, built
 * now and by the library's own settings. Anything that a browser lacks, such as node:fs, is an error.
 */
export async function browserBundle(entry: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "tag2mask-core-"));
  try {
    const own = { entry: ["src/core.ts"], outDir: folder, cwd: root, dts: false };
    await build({ ...library, ...own, config: false, logLevel: "error" });
    const { outputFiles } = await bundle({
      stdin: { contents: entry, resolveDir: root, loader: "ts" },
      alias: { "tag2mask/core": join(folder, "core.js") },
      nodePaths: [join(root, "node_modules")],
      // The paths of tsconfig.json lead to the sources.
      tsconfigRaw: {},
      ...forBrowser,
      write: false,
    });
    return outputFiles[0]!.contents;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
