import type { Runtime } from "../engine/graph/index.ts";
import type { ImageCodec } from "./codec.ts";
import type { DeviceChoice, DeviceName, DeviceReport } from "./devices.ts";
import type { Machine } from "./machine.ts";
import type { Store } from "./store.ts";
import type { Workers } from "./workers.ts";

export interface RuntimeOptions {
  /** An execution provider of ONNX Runtime that exists here; the CPU by default. */
  readonly device?: string;
  /** Threads inside an operator; all cores by default. */
  readonly threads?: number;
}

/** A runtime on the CPU that computes several graphs side by side, each in a thread of its own. */
export interface RuntimePool extends Runtime {
  /** Graphs computed at the same time. */
  readonly width: number;
  /** Ends the threads once they have finished what they have begun; whatever waits fails. */
  close(): Promise<void>;
}

/** Everything that a machine offers to tag2mask. */
export interface Host {
  /** Version of tag2mask, for files that name their writer. */
  readonly version: string;
  readonly store: Store;
  readonly codec: ImageCodec;
  readonly workers: Workers;
  readonly machine: Machine;
  /** ONNX Runtime on a device. */
  runtime(options?: RuntimeOptions): Promise<Runtime>;
  /** Lanes that share the cores. */
  runtimePool(lanes: number): Promise<RuntimePool>;
  /** The device to compute on; a UserError lists those that work where the one asked for does not. */
  resolveDevice(name: DeviceName): Promise<DeviceChoice>;
  /** Every device that could be used here, tried out. */
  listDevices(): Promise<readonly DeviceReport[]>;
}

/** What reading and writing files takes: the files themselves, and the images in them. */
export type FileHost = Pick<Host, "store" | "codec">;
