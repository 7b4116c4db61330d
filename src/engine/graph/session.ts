import type { DType, NdArray } from "./ndarray.ts";

/**
 * Array in a device's memory, which all sessions of the same runtime can read. Its owner must free it, since garbage
 * collection does not.
 */
export interface DeviceArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The same memory with another shape of equally many elements. */
  reshape(shape: readonly number[]): DeviceArray;
  /** Frees the memory, also for all reshaped arrays; further calls do nothing. */
  free(): void;
}

/** Value of a graph input. */
export type Feed = NdArray | DeviceArray;
export type Feeds = Readonly<Record<string, Feed>>;

export interface RunOptions {
  /** Transfers ownership of the feed arrays to the session, which may detach them. */
  readonly transfer?: boolean;
}

/** A compiled graph. */
export interface Session {
  readonly inputNames: readonly string[];
  /**
   * @param feeds values of all inputs; they are read in place, not copied
   * @param fetches for each output to compute, an array of its shape that is written to, or null for a new array
   */
  run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
    options?: RunOptions,
  ): Promise<Record<string, NdArray>>;
  release(): Promise<void>;
}

/** All outputs of a run, by the memory that they are in. */
export interface DeviceResults {
  readonly host: Record<string, NdArray>;
  /** Must be freed by the caller. */
  readonly device: Record<string, DeviceArray>;
}

/** A compiled graph that leaves some of its outputs in the device's memory. */
export interface DeviceSession {
  /** Computes every output. */
  run(feeds: Feeds): Promise<DeviceResults>;
  /** Frees the session, but not arrays in the device's memory. */
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Whether to reject a graph that the device cannot compute completely, instead of running parts of it on the CPU. */
  readonly whole?: boolean;
  /** Transfers ownership of the model's bytes to the runtime, which may detach them. */
  readonly transfer?: boolean;
}

/** Runs graphs with ONNX Runtime on one device; provided by the host. */
export interface Runtime {
  readonly device: string;
  /** @param model bytes of a model, or its path or address, next to which its external data is found */
  createSession(model: Uint8Array | string, options?: SessionOptions): Promise<Session>;
  /**
   * Creates a session of a graph that the device computes completely; only for devices with their own memory.
   * @param deviceOutputs names of the outputs that stay in the device's memory
   */
  createDeviceSession?(model: Uint8Array, deviceOutputs: readonly string[]): Promise<DeviceSession>;
  /**
   * Number of channels in a block of the runtime's own layout for convolutions (graph/blocked.ts); 1 on processors
   * without kernels for it. Missing in runtimes without such a layout.
   */
  channelBlock?(): Promise<number>;
}

/** A runtime whose device has its own memory. */
export type DeviceRuntime = Runtime & Required<Pick<Runtime, "createDeviceSession">>;

export function hasMemory(runtime: Runtime): runtime is DeviceRuntime {
  return runtime.createDeviceSession !== undefined;
}

/** Whether a value is in a device's memory. */
export function isOnDevice(value: Feed): value is DeviceArray {
  return !("data" in value);
}
