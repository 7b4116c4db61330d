import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { brotliDecompressSync } from "node:zlib";
import type * as common from "onnxruntime-common";
import type * as web from "onnxruntime-web";
import { type NativeOrt, type Ort, type Packages, chooseOrt } from "./choose-ort.ts";
import { thisPlatform } from "./platform.ts";

/** How many times slower a training step is in WebAssembly than in native code (docs/install.md). */
const slowdown = "2 to 2.5";

/** Set once the user has been told, for the processes that this one starts. */
const toldVariable = "TAG2MASK_ORT_TOLD";

const require = createRequire(import.meta.url);

/** Where `scripts/pack.ts` puts the WebAssembly build; the sources take it from the package it comes from. */
const packedWasm = fileURLToPath(new URL("../../../ort-wasm/", import.meta.url));

const packages: Packages = {
  load: (name) => require(name),
  loadWasm() {
    const entry = join(packedWasm, "ort.node.min.cjs");
    if (!existsSync(entry)) return require("onnxruntime-web");
    const module = require(entry) as typeof web;
    const packed = readFileSync(join(packedWasm, "ort-wasm-simd-threaded.wasm.br"));
    module.env.wasm.wasmBinary = brotliDecompressSync(packed);
    return module;
  },
};

let loaded: Ort | undefined;

/** ONNX Runtime for this process, loaded at the first call. The user is told once, on stderr, if it is not native code. */
export function loadOrt(): Ort {
  if (loaded) return loaded;
  const version = ortVersion();
  loaded = chooseOrt(thisPlatform(), packages, { version, wanted: process.env["TAG2MASK_ORT"] });
  if (loaded.kind === "wasm" && isMainThread && process.env[toldVariable] === undefined) {
    process.env[toldVariable] = "1";
    process.stderr.write(`tag2mask: ${describeWasm(loaded.reason)}\n`);
  }
  return loaded;
}

/** ONNX Runtime's native module, for code that only a native runtime reaches. */
export function nativeOrt(): NativeOrt["ort"] {
  const { kind, ort } = loadOrt();
  if (kind === "native") return ort as NativeOrt["ort"];
  throw new Error("runtime: this needs native code, but ONNX Runtime runs as WebAssembly here");
}

/** A sentence for the user. @param reason why there is no native code */
export function describeWasm(reason: string): string {
  return `ONNX Runtime runs as WebAssembly, on the CPU alone and ${slowdown} times slower than native code: ${reason}`;
}

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/** The version of ONNX Runtime that tag2mask is made for: that of the package that both builds share. */
function ortVersion(): string {
  const { env } = require("onnxruntime-common") as typeof common;
  return env.versions.common!;
}
