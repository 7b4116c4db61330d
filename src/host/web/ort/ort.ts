import type { Runtime } from "../../../engine/graph/index.ts";
import { UserError } from "../../../user-error.ts";
import type { DeviceChoice, DeviceName, DeviceReport } from "../../devices.ts";
import type { Host, RuntimeOptions, RuntimePool } from "../../host.ts";
import {
  browserFacts,
  chooseBuild,
  chooseThreads,
  type BrowserFacts,
  type WebDevice,
} from "./choice.ts";
import { listDevices, resolveDevice, type DeviceSetup } from "./devices.ts";
import { loadOrt, type OrtWeb } from "./module.ts";
import { webRuntime } from "./runtime.ts";

export interface WebOrtOptions {
  /**
   * Address of the folder with the files `ort-wasm-simd-threaded.*` of onnxruntime-web; by default they are where the bundler of
   * the page has put them.
   */
  readonly files?: string;
  /** Most threads; by default one for each core where the page is cross-origin isolated, one on phones. */
  readonly threads?: number;
  /** What the browser tells of itself; of the one that the code runs in by default. */
  readonly facts?: BrowserFacts;
}

/** The part of a host that computes. */
export type WebOrt = Pick<Host, "runtime" | "runtimePool" | "resolveDevice" | "listDevices"> & {
  /** Threads that the processor computes with, and why these. */
  readonly threads: number;
  readonly threadsNote: string;
};

/**
 * ONNX Runtime of a page or a worker, on the processor and on WebGPU. Builds of it are loaded on first use. Use it in a worker:
 * computing blocks the thread.
 */
export function webOrt({
  files,
  threads: most,
  facts = browserFacts(),
}: WebOrtOptions = {}): WebOrt {
  const { threads, note } = chooseThreads(facts, most);
  const modules = new Map<string, Promise<OrtWeb>>();
  const moduleFor = (device: WebDevice): Promise<OrtWeb> => {
    const build = chooseBuild(device, facts);
    let module = modules.get(build);
    if (!module) modules.set(build, (module = loadOrt(build, { files, threads })));
    return module;
  };
  const open: DeviceSetup["open"] = async (device, { beside = device } = {}) =>
    webRuntime(await moduleFor(beside), { device });
  const setup: DeviceSetup = { facts, threads: note, open };
  return {
    threads,
    threadsNote: note,
    async runtime({ device = "cpu", deviceNumber, threads: asked = threads }: RuntimeOptions = {}) {
      if (deviceNumber !== undefined)
        throw new RangeError(
          `runtime: ${device} takes no number of a GPU in a browser, but ${deviceNumber} is given`,
        );
      if (asked < threads)
        throw new RangeError(
          `runtime: ${asked} threads, but ONNX Runtime of this page has ${threads} for all of its sessions; create it with ${asked}`,
        );
      if (device !== "cpu" && device !== "webgpu")
        throw new UserError(
          `device ${device}: browsers have no such device; available are cpu and webgpu`,
          {
            code: "device-unavailable",
          },
        );
      return open(device);
    },
    runtimePool: async () => laneOf(await open("cpu")),
    resolveDevice: (name: DeviceName): Promise<DeviceChoice> => resolveDevice(name, setup),
    listDevices: (): Promise<readonly DeviceReport[]> => listDevices(setup),
  };
}

/** A pool of one lane: all threads of a page work on the same graph, since further instances would need memory of their own. */
function laneOf(runtime: Runtime): RuntimePool {
  return { ...runtime, width: 1, close: () => Promise.resolve() };
}
