import type { Runtime } from "../engine/graph/index.ts";
import type { ImageCodec } from "./codec.ts";
import type { Commands } from "./commands.ts";
import type { DeviceChoice, DeviceName, DeviceOptions, DeviceReport } from "./devices.ts";
import type { Hub } from "./hub.ts";
import type { Machine } from "./machine.ts";
import type { Store } from "./store.ts";
import type { Workers } from "./workers.ts";

export interface RuntimeOptions {
  /** An available execution provider of ONNX Runtime; the CPU by default. */
  readonly device?: string;
  /** Number of the GPU, for devices of which there may be several: CUDA. */
  readonly deviceNumber?: number;
  /** Threads inside an operator; all cores by default. */
  readonly threads?: number;
}

/** A runtime on the CPU that computes several graphs side by side, each in a thread of its own. */
export interface RuntimePool extends Runtime {
  /** Number of graphs computed at the same time. */
  readonly width: number;
  /** Ends the threads when their current runs are finished; waiting runs fail. */
  close(): Promise<void>;
}

/** Everything that a machine offers to tag2mask. */
export interface Host {
  /** Version of tag2mask, for files that name their writer. */
  readonly version: string;
  readonly store: Store;
  readonly hub: Hub;
  readonly codec: ImageCodec;
  readonly workers: Workers;
  /** Programs of the machine; absent where none can be run, as in a browser. */
  readonly commands?: Commands;
  readonly machine: Machine;
  /** ONNX Runtime on a device. */
  runtime(options?: RuntimeOptions): Promise<Runtime>;
  /** A pool of lanes that share the cores evenly. */
  runtimePool(lanes: number): Promise<RuntimePool>;
  /** Chooses the device to compute on; if the requested one does not work, a UserError lists those that do. */
  resolveDevice(name: DeviceName, options?: DeviceOptions): Promise<DeviceChoice>;
  /** Tries every device that is supported here. */
  listDevices(): Promise<readonly DeviceReport[]>;
}

/** Services of a host for reading and writing files and images. */
export type FileHost = Pick<Host, "store" | "codec">;
