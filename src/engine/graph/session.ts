import type { DType, NdArray } from "./ndarray.ts";

/**
 * Numbers that a session left in its device's memory, for sessions of the same runtime to read. Who
 * holds one frees it; garbage collection does not.
 */
export interface DeviceArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The same memory under another shape of as many elements. */
  reshape(shape: readonly number[]): DeviceArray;
  /** Gives the memory back; a second time, or under another shape, does nothing. */
  free(): void;
}

/** What a graph can be fed with. */
export type Feed = NdArray | DeviceArray;
export type Feeds = Readonly<Record<string, Feed>>;

export interface RunOptions {
  /** The feeds' arrays are the session's from now on: it need not copy them, and may leave them empty. */
  readonly transfer?: boolean;
}

/** A compiled graph. */
export interface Session {
  readonly inputNames: readonly string[];
  /**
   * @param feeds values of all inputs; used in place, not copied
   * @param fetches wanted outputs: an array of the right shape to be written into, or null for a new one
   */
  run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
    options?: RunOptions,
  ): Promise<Record<string, NdArray>>;
  release(): Promise<void>;
}

/** All outputs of a run, by where they are. */
export interface DeviceResults {
  readonly host: Record<string, NdArray>;
  /** They are the caller's to free. */
  readonly device: Record<string, DeviceArray>;
}

/** A compiled graph that leaves some of its outputs in the device's memory. */
export interface DeviceSession {
  /** Computes every output. */
  run(feeds: Feeds): Promise<DeviceResults>;
  /** What it left in the device's memory stays readable. */
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Refuse a graph that the device cannot compute whole, instead of leaving parts of it to the CPU. */
  readonly whole?: boolean;
  /** The model's bytes are the runtime's from now on: it need not copy them, and may leave the array empty. */
  readonly transfer?: boolean;
}

/** What runs graphs: ONNX Runtime on some device. A host passes one in. */
export interface Runtime {
  readonly device: string;
  /** @param model its bytes, or the path or address by which the host finds it and what lies beside it */
  createSession(model: Uint8Array | string, options?: SessionOptions): Promise<Session>;
  /**
   * Only of devices with a memory of their own: a session of a graph that the device computes whole.
   * @param kept outputs that stay in the device's memory
   */
  createDeviceSession?(model: Uint8Array, kept: readonly string[]): Promise<DeviceSession>;
  /**
   * Only of runtimes whose convolutions have a layout of their own (graph/blocked.ts): the channels in a
   * block of it, 1 where this processor has none.
   */
  channelBlock?(): Promise<number>;
}

/** A runtime whose device has a memory of its own. */
export type DeviceRuntime = Runtime & Required<Pick<Runtime, "createDeviceSession">>;

export function hasMemory(runtime: Runtime): runtime is DeviceRuntime {
  return runtime.createDeviceSession !== undefined;
}

/** Whether a value is in a device's memory. */
export function isOnDevice(value: Feed): value is DeviceArray {
  return !("data" in value);
}
