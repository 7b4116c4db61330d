import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle, type BuildOptions } from "esbuild";
import { build } from "tsdown";
import library from "../../tsdown.config.ts";
import { forBrowser } from "./sources-bundle.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A browser bundle of an entry that imports "tag2mask/core": the core as package.json publishes it, built
 * now and by the library's own settings. Anything that a browser lacks, such as node:fs, is an error.
 */
export async function browserBundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await bundled(entry);
  return outputFiles[0]!.contents;
}

/** The files of such a bundle: those that a page downloads at once, and what the core imports when it is first needed. */
export async function bundleFiles(
  entry: string,
): Promise<{ first: Uint8Array[]; later: Uint8Array[] }> {
  const outdir = join(tmpdir(), "not-written");
  const { outputFiles, metafile } = await bundled(entry, { splitting: true, outdir });
  const outputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]),
  );
  const names = new Set(["stdin.js"]);
  for (const name of names) {
    for (const { path, kind } of outputs.get(name)!.imports) {
      if (kind === "import-statement") names.add(basename(path));
    }
  }
  const contents = (isFirst: boolean): Uint8Array[] =>
    outputFiles
      .filter(({ path }) => names.has(basename(path)) === isFirst)
      .map(({ contents }) => contents);
  return { first: contents(true), later: contents(false) };
}

async function bundled(entry: string, options: BuildOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), "tag2mask-core-"));
  try {
    const own = { entry: ["src/core.ts"], outDir: folder, cwd: root, dts: false };
    await build({ ...library, ...own, config: false, logLevel: "error" });
    return await bundle({
      stdin: { contents: entry, resolveDir: root, loader: "ts" },
      alias: { "tag2mask/core": join(folder, "core.js") },
      nodePaths: [join(root, "node_modules")],
      // The paths of tsconfig.json lead to the sources.
      tsconfigRaw: {},
      ...forBrowser,
      ...options,
      metafile: true,
      write: false,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
