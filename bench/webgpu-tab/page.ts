// In the page: steps on onnxruntime-web, with every dispatch of the page's WebGPU counted. Bundled by bench/webgpu-tab.ts.
import * as ort from "onnxruntime-web/webgpu";
import type { StepSeconds } from "../../src/method/train/events.ts";
import { webRuntime } from "../../src/host/web/ort/runtime.ts";
import type { Configuration } from "../configurations.ts";
import { stepSeconds, type Runs } from "../webgpu-step.ts";

/** What a measurement in the page tells. */
export interface TabResult {
  readonly steps: readonly StepSeconds[];
  /** Dispatches of one step, by the name of the kernel. */
  readonly dispatches: Readonly<Record<string, number>>;
  /** Vendor and architecture, as the browser tells them. */
  readonly adapter: string;
}

/** The parts of WebGPU that are counted; this project compiles without a browser's types. */
interface Pass {
  setPipeline(pipeline: { readonly label: string }): void;
  dispatchWorkgroups(...counts: number[]): void;
  dispatchWorkgroupsIndirect(...from: unknown[]): void;
}
interface Browser {
  readonly GPUComputePassEncoder: { readonly prototype: Pass };
  readonly navigator: {
    readonly gpu: {
      requestAdapter(): Promise<{ readonly info: Readonly<Record<string, string>> } | null>;
    };
  };
}
const browser = globalThis as unknown as Browser;

let counts: Record<string, number> = {};
let kernel = "";
const { prototype } = browser.GPUComputePassEncoder;
const { setPipeline, dispatchWorkgroups, dispatchWorkgroupsIndirect } = prototype;
const count = (): void => void (counts[kernel] = (counts[kernel] ?? 0) + 1);
Object.assign(prototype, {
  setPipeline(this: Pass, pipeline: { readonly label: string }): void {
    kernel = pipeline.label || "kernel";
    setPipeline.call(this, pipeline);
  },
  dispatchWorkgroups(this: Pass, ...sizes: number[]): void {
    count();
    dispatchWorkgroups.apply(this, sizes);
  },
  dispatchWorkgroupsIndirect(this: Pass, ...from: unknown[]): void {
    count();
    dispatchWorkgroupsIndirect.apply(this, from);
  },
});

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = "/ort/";

/** @param plain whether to compute the graphs as a CPU does, crop by crop */
async function measure(
  configuration: Configuration,
  runs: Runs,
  plain: boolean,
): Promise<TabResult> {
  const adapter = await browser.navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("the browser has no WebGPU adapter");
  const runtime = webRuntime(ort, { device: "webgpu" });
  const steps: StepSeconds[] = [];
  let dispatches = {};
  const now = (): number => performance.now() / 1000;
  const source = plain ? { ...runtime, device: "webgpu, plain" } : runtime;
  counts = {};
  for await (const seconds of stepSeconds(source, configuration, runs, now)) {
    steps.push(seconds);
    dispatches = counts;
    counts = {};
  }
  const { vendor, architecture } = adapter.info;
  return { steps, dispatches, adapter: `${vendor} ${architecture}` };
}

const tasks = { measure };
export type BenchTasks = typeof tasks;
Object.assign(globalThis, { tasks });
