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

/** The device to compute on. */
export interface DeviceChoice {
  readonly device: DeviceName;
  /** The choice in words, for the user. */
  readonly note?: string;
}
