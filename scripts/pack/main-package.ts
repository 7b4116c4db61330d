import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import {
  type Manifest,
  builtFiles,
  installed,
  ortLicense,
  pinned,
  readManifest,
  root,
} from "./sources.ts";

/** ONNX Runtime as one WebAssembly module with its loader: all that Node needs of the 139 MB of onnxruntime-web. */
const wasmFiles: readonly (readonly [from: string, to: string])[] = [
  ["ort.node.min.js", "ort.node.min.cjs"],
  ["ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.mjs"],
];
const wasmModule = "ort-wasm-simd-threaded.wasm";

/**
 * Writes into a folder what users of tag2mask install: the built files, the WebAssembly build of ONNX Runtime, and a package.json
 * that asks for the native one of the platform.
 * @param natives packages with native code, and their versions
 */
export async function writeMainPackage(
  natives: Readonly<Record<string, string>>,
  folder: string,
): Promise<Manifest> {
  for (const path of await builtFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(root, path), join(folder, path));
  }
  const wasm = join(folder, "dist/ort-wasm");
  await mkdir(wasm, { recursive: true });
  for (const [from, to] of wasmFiles)
    await copyFile(join(installed("onnxruntime-web"), "dist", from), join(wasm, to));
  // 14 MB that most installations never load, and those that do in a moment.
  const code = await readFile(join(installed("onnxruntime-web"), "dist", wasmModule));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 24 };
  await writeFile(join(wasm, `${wasmModule}.br`), brotliCompressSync(code, { params }));
  await copyFile(ortLicense, join(wasm, "LICENSE"));
  const manifest = publishedManifest(readManifest(root), natives);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/**
 * The package.json of the repository without what only development needs, and with the native packages. Only `tag2mask/web` needs
 * onnxruntime-web, which is larger than all the rest: whoever uses it installs that too, in the version that it is made for.
 */
export function publishedManifest(
  manifest: Manifest,
  natives: Readonly<Record<string, string>>,
): Manifest {
  const development = ["private", "scripts", "allowScripts", "devDependencies"];
  const kept = Object.entries(manifest).filter(([key]) => !development.includes(key));
  return {
    ...(Object.fromEntries(kept) as Manifest),
    optionalDependencies: { ...manifest.optionalDependencies, ...natives },
    peerDependencies: pinned("onnxruntime-web"),
    peerDependenciesMeta: { "onnxruntime-web": { optional: true } },
  };
}
