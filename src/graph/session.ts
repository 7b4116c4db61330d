import type { NdArray } from "./ndarray.ts";

/** A compiled graph. */
export interface Session {
  readonly inputNames: readonly string[];
  /**
   * @param feeds values of all inputs; used in place, not copied
   * @param fetches wanted outputs: an array of the right shape to be written into, or null for a new one
   */
  run(
    feeds: Readonly<Record<string, NdArray>>,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>>;
  release(): Promise<void>;
}

/** What runs graphs: ONNX Runtime on some device. A host passes one in. */
export interface Runtime {
  readonly device: string;
  /** @param model its bytes, or the path or address by which the host finds it and what lies beside it */
  createSession(model: Uint8Array | string): Promise<Session>;
}
