import { cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";
import { build as buildByVite } from "vite";
import { installed } from "../../scripts/pack/sources.ts";
import { externOrt, forBrowser } from "../../test/browser/sources-bundle.ts";
import { packageNames } from "./disk-use.ts";
import { installPacked } from "./folder.ts";

/** A worker that segments an image, as a page would have it. */
const script = `
import { maskBlob, Segmenter, webHost } from "tag2mask-web";
const host = webHost({ ortFiles: "/ort", storage: null });
onmessage = async ({ data: { model, image } }) => {
  const segmenter = await Segmenter.open(host, model);
  const bytes = new Uint8Array(await image.arrayBuffer());
  postMessage(await maskBlob(host, await segmenter.segment(await host.codec.decode({ bytes, name: image.name }))));
};`;

export interface WebInstallation {
  readonly seconds: number;
  /** Names of all installed packages. */
  readonly packages: readonly string[];
  /** Size of the bundled worker with everything it loads but ONNX Runtime's .wasm, in bytes of gzip. */
  readonly gzipBytes: number;
}

/** Installs a packed tag2mask-web into a fresh folder and bundles a worker and the example page there; an error if any of it fails. */
export async function installWeb(
  folder: string,
  tarball: string,
  registry: string,
): Promise<WebInstallation> {
  const { seconds } = await installPacked(folder, tarball, registry);
  await writeFile(join(folder, "worker.js"), script);
  const modules = join(folder, "node_modules");
  const shared: BuildOptions = {
    absWorkingDir: folder,
    ...externOrt,
    ...forBrowser,
  };
  const workers = join(modules, "tag2mask-web/dist/host/web/workers/entry.js");
  const bundles = { worker: "worker.js", entry: workers };
  await build({ ...shared, entryPoints: bundles, outdir: "site", splitting: true });
  let gzipBytes = 0;
  for (const file of await readdir(join(folder, "site")))
    gzipBytes += gzipSync(await readFile(join(folder, "site", file))).length;
  await buildExample(folder);
  return { seconds, packages: await packageNames(modules), gzipBytes };
}

/** Builds examples/vite-page with the installed package; an error unless the .wasm files and the worker come along. */
async function buildExample(folder: string): Promise<void> {
  const root = join(folder, "vite-page");
  await cp(fileURLToPath(new URL("../../examples/vite-page", import.meta.url)), root, {
    recursive: true,
  });
  // The configuration of the example imports vite, which is not what is tried here: that of this repository will do.
  await mkdir(join(root, "node_modules"));
  await symlink(installed("vite"), join(root, "node_modules/vite"), "junction");
  await buildByVite({ root, logLevel: "error", build: { reportCompressedSize: false } });
  const assets = await readdir(join(root, "dist/assets"));
  for (const wanted of [
    /^worker-.*\.js$/,
    /^entry-.*\.js$/,
    /^ort-wasm-simd-threaded-.*\.wasm$/,
    /^ort-wasm-simd-threaded\.jspi-.*\.wasm$/,
    /^ort-wasm-simd-threaded\.asyncify-.*\.wasm$/,
  ])
    if (!assets.some((name) => wanted.test(name)))
      throw new Error(
        `install: vite made no ${wanted} of examples/vite-page; it made ${assets.join(", ")}`,
      );
}
