import type { Remedy } from "../user-error.ts";

/** Names of devices; `auto` stands for the fastest that works. */
export const deviceNames = ["auto", "cpu", "webgpu", "cuda", "coreml", "dml"] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Result of trying one device. */
export interface DeviceReport {
  readonly device: DeviceName;
  readonly works: boolean;
  /** Speed of matrix products, in 10^9 operations a second. */
  readonly gflops?: number;
  /** Why it does not work. */
  readonly problem?: string;
  /** What can be done about it, where something can. */
  readonly remedies?: readonly Remedy[];
}

/** What the choice of a device depends on. */
export interface DeviceOptions {
  /**
   * Number of this process among those of the machine that work together, from 0: each gets a GPU of its own where the device
   * has numbers, which only CUDA has.
   */
  readonly localRank?: number;
}

/** The device to compute on. */
export interface DeviceChoice {
  readonly device: DeviceName;
  /** Number of the GPU among those that the process can see; the device's default one if it is absent. */
  readonly number?: number;
  /** The choice in words, for the user. */
  readonly note?: string;
}
