import * as ort from "onnxruntime-web/wasm";
import { Afa, decodeSafetensors, ForwardPass, type NdArray } from "tag2mask/core";
import { webRuntime } from "../../src/host/web/ort/runtime.ts";
import { worstError } from "../arrays.ts";
import { checks } from "../runtime-conformance.ts";

// A page without cross-origin isolation has one thread.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/ort/";
const runtime = webRuntime(ort);

async function golden(name: string): Promise<Record<string, NdArray>> {
  const response = await fetch(`/golden/${name}.safetensors`);
  return decodeSafetensors(new Uint8Array(await response.arrayBuffer()), name).tensors;
}

async function forward(): Promise<Record<string, number>> {
  const [expected, weights] = [await golden("forward_64x96"), await golden("model")];
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const pass = new ForwardPass(runtime, network, weights);
  const found = await pass.run(expected["input"]!);
  await pass.release();
  const error = (a: NdArray, b: NdArray): number => worstError(a.data, b.data);
  return {
    clsLogits: error(found.clsLogits, expected["cls_logits"]!),
    segLogits: error(found.segLogits, expected["seg_logits"]!),
    affinity: error(found.affinity, expected["affinity"]!),
    cam: error(found.cam, expected["cam"]!),
  };
}

/** What the test asks the page for. */
const tasks = { forward, conformance: (name: string) => checks[name]!(runtime) };
export type PageTasks = typeof tasks;
Object.assign(globalThis, { tasks });
