import type { Runtime } from "../../../engine/graph/index.ts";
import { UserError } from "../../../user-error.ts";
import type { DeviceChoice, DeviceName, DeviceReport } from "../../devices.ts";
import { problemOf } from "../../both/ort/failure.ts";
import { probeRuntime } from "../../probe.ts";
import type { BrowserFacts, WebDevice } from "./choice.ts";

/** What the choice of a device takes. */
export interface DeviceSetup {
  readonly facts: BrowserFacts;
  /** Threads of the processor, in words. */
  readonly threads: string;
  /** Opens the runtime of a device; `beside` computes on the processor by the build for WebGPU, to compare the two. */
  open(device: WebDevice, options?: { readonly beside?: WebDevice }): Promise<Runtime>;
}

/** Seconds after which a device that has not multiplied small matrices is given up. */
const probeSeconds = 60;

const here: readonly WebDevice[] = ["cpu", "webgpu"];

/** Tries every device of a browser. */
export async function listDevices(setup: DeviceSetup): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  // One at a time: they share the cores while their speed is measured.
  for (const device of here) reports.push(await report(device, setup));
  return reports;
}

/**
 * Chooses the device to compute on. `auto` takes WebGPU if it is faster than the processor; any other name stands for itself and
 * is a UserError if it does not work.
 */
export async function resolveDevice(name: DeviceName, setup: DeviceSetup): Promise<DeviceChoice> {
  if (name === "cpu") return { device: "cpu" };
  if (name === "auto") return chooseDevice(setup);
  const found: Omit<DeviceReport, "device"> = isHere(name)
    ? await report(name, setup)
    : { works: false, problem: "browsers have no such device" };
  if (found.works) return { device: name };
  const available = name === "webgpu" ? "cpu" : "cpu, and webgpu where the browser has it";
  throw new UserError(`device ${name}: ${found.problem}; available devices: ${available}`, {
    code: "device-unavailable",
  });
}

function isHere(name: DeviceName): name is WebDevice {
  return (here as readonly DeviceName[]).includes(name);
}

/** WebGPU if it works and is faster than the processor. Nothing is downloaded where no GPU could be. */
async function chooseDevice(setup: DeviceSetup): Promise<DeviceChoice> {
  const onCpu = (why: string): DeviceChoice => ({
    device: "cpu",
    note: `device cpu, ${setup.threads}; webgpu: ${why}`,
  });
  const missing = await whyNoGpu(setup.facts);
  if (missing !== null) return onCpu(missing);
  const gpu = await report("webgpu", setup);
  if (!gpu.works) return onCpu(gpu.problem!);
  const cpu = await probe(() => setup.open("cpu", { beside: "webgpu" }));
  if ("gflops" in cpu && cpu.gflops > gpu.gflops!) {
    const [slow, fast] = [gpu.gflops!, cpu.gflops].map((gflops) => gflops.toFixed(0));
    return onCpu(`slower, ${slow} against ${fast} GFLOPS`);
  }
  return { device: "webgpu", note: "device webgpu" };
}

async function report(device: WebDevice, { facts, open }: DeviceSetup): Promise<DeviceReport> {
  const missing = device === "webgpu" ? await whyNoAdapter(facts) : null;
  const result = missing === null ? await probe(() => open(device)) : { problem: missing };
  if ("problem" in result) return { device, works: false, problem: result.problem };
  return { device, works: true, gflops: result.gflops };
}

/** Why there is no adapter of WebGPU; null if there is one. */
async function whyNoAdapter({ gpu }: BrowserFacts): Promise<string | null> {
  if (!gpu) {
    return "this browser has no WebGPU, or the page came over plain http from another machine; use https and a current browser";
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter) return null;
  return "the browser offers no graphics adapter; it may have blocked the driver, or graphics acceleration is switched off in its settings";
}

/** Why no GPU can be faster than the processor, before anything is loaded. */
async function whyNoGpu(facts: BrowserFacts): Promise<string | null> {
  const missing = await whyNoAdapter(facts);
  if (missing !== null) return missing;
  const adapter = await facts.gpu!.requestAdapter();
  if (!adapter?.info?.isFallbackAdapter) return null;
  return "its only adapter is software, slower than the processor that it computes on";
}

type ProbeAnswer = { readonly gflops: number } | { readonly problem: string };

/** Tries a device; never rejects. A driver that hangs is given up, and with it the build of ONNX Runtime that waits for it. */
async function probe(open: () => Promise<Runtime>): Promise<ProbeAnswer> {
  let timer;
  const late = new Promise<ProbeAnswer>((resolve) => {
    const problem = `no answer within ${probeSeconds} seconds`;
    timer = setTimeout(() => resolve({ problem }), 1000 * probeSeconds);
  });
  try {
    const now = (): number => performance.now() / 1000;
    return await Promise.race([open().then((runtime) => probeRuntime(runtime, now)), late]);
  } catch (error) {
    return { problem: error instanceof Error ? problemOf(error.message) : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
