import * as ort from "onnxruntime-web/wasm";
import { Afa, decodeSafetensors, ForwardPass, type NdArray } from "tag2mask/core";
import { webRuntime } from "../../src/host/web/ort/runtime.ts";
import { checks } from "../runtime-conformance.ts";

// A page without cross-origin isolation has one thread.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/ort/";
const runtime = webRuntime(ort);

async function golden(name: string): Promise<Record<string, NdArray>> {
  const response = await fetch(`/golden/${name}.safetensors`);
  return decodeSafetensors(new Uint8Array(await response.arrayBuffer()), name).tensors;
}

/** Largest difference, in units of the expected values' largest magnitude. */
function worstError(found: NdArray, expected: NdArray): number {
  const [a, b] = [found.data as Float32Array, expected.data as Float32Array];
  if (a.length !== b.length) throw new Error(`${a.length} values, expected ${b.length}`);
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / largest;
}

async function forward(): Promise<Record<string, number>> {
  const [expected, weights] = [await golden("forward_64x96"), await golden("model")];
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const pass = new ForwardPass(runtime, network, weights);
  const found = await pass.run(expected["input"]!);
  await pass.release();
  return {
    clsLogits: worstError(found.clsLogits, expected["cls_logits"]!),
    segLogits: worstError(found.segLogits, expected["seg_logits"]!),
    affinity: worstError(found.affinity, expected["affinity"]!),
    cam: worstError(found.cam, expected["cam"]!),
  };
}

/** What the test asks the page for. */
const tasks = { forward, conformance: (name: string) => checks[name]!(runtime) };
export type PageTasks = typeof tasks;
Object.assign(globalThis, { tasks });
