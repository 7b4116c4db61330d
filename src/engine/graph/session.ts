import type { DType, NdArray } from "./ndarray.ts";

/**
 * Numbers in a device's memory, readable by all sessions of the same runtime. Its owner must free it; garbage
 * collection does not.
 */
export interface DeviceArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The same memory under another shape of as many elements. */
  reshape(shape: readonly number[]): DeviceArray;
  /** Frees the memory, that of all reshaped arrays too; later calls do nothing. */
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
   * @param feeds values of all inputs; read in place, not copied
   * @param fetches for each output to compute, an array of its shape to write into, or null for a new array
   */
  run(
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
    options?: RunOptions,
  ): Promise<Record<string, NdArray>>;
  release(): Promise<void>;
}

/** All outputs of a run, by their place. */
export interface DeviceResults {
  readonly host: Record<string, NdArray>;
  /** To be freed by the caller. */
  readonly device: Record<string, DeviceArray>;
}

/** A compiled graph that leaves some of its outputs in the device's memory. */
export interface DeviceSession {
  /** Computes every output. */
  run(feeds: Feeds): Promise<DeviceResults>;
  /** Arrays in the device's memory stay readable. */
  release(): Promise<void>;
}

export interface SessionOptions {
  /** Reject a graph that the device cannot compute completely, instead of running parts of it on the CPU. */
  readonly whole?: boolean;
  /** Transfers ownership of the model's bytes to the runtime, which may detach them. */
  readonly transfer?: boolean;
}

/** Runs graphs: ONNX Runtime on one device. The host provides it. */
export interface Runtime {
  readonly device: string;
  /** @param model its bytes, or its path or address, which also leads to its external data */
  createSession(model: Uint8Array | string, options?: SessionOptions): Promise<Session>;
  /**
   * A session of a graph that the device computes completely; only on devices with a memory of their own.
   * @param kept outputs to leave in the device's memory
   */
  createDeviceSession?(model: Uint8Array, kept: readonly string[]): Promise<DeviceSession>;
  /**
   * Channels in a block of the runtime's own layout for convolutions (graph/blocked.ts); 1 on processors without such
   * kernels. Missing in runtimes without such a layout.
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
