import type { Runtime } from "../src/engine/graph/index.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";

/** The CPU under the name of a GPU: it is given the graphs that are made for one, and computes them on any machine. */
export function runtimeOfGpuGraphs(): Runtime {
  const { createSession } = nodeRuntime();
  return { device: "webgpu", createSession };
}
