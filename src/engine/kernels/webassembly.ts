/** A growable block of bytes that kernels and typed arrays share. Growing replaces its buffer. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/**
 * The part of WebAssembly used here. Every host has it, but neither ES2023 nor Node's types declare it, and a global
 * declaration here would conflict with the DOM's.
 */
interface WebAssemblyApi {
  Memory: new (size: { initial: number; maximum: number }) => Memory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: object };
}

export const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
