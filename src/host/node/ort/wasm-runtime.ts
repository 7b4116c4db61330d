import type * as ort from "onnxruntime-web";
import type { Runtime } from "../../../engine/graph/index.ts";
import { webRuntime } from "../../web/ort/runtime.ts";

/**
 * ONNX Runtime as WebAssembly in Node. All sessions of a thread share one instance with one set of threads, whose number is that
 * of the first runtime.
 */
export function wasmRuntime(module: typeof ort, threads: number): Runtime {
  module.env.wasm.numThreads ??= threads;
  return webRuntime(module);
}
