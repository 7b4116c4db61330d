import {
  allocate,
  ensure,
  instantiate,
  type Kernels,
  type Memory,
} from "../../engine/kernels/index.ts";
import type { Maps } from "./maps.ts";

/** The memory is kept from one image to the next up to this size: a large image's goes back. */
const keptBytes = 1 << 26;
/** Of memory: kernels take four floats at a time, and sixteen of a plane. */
const alignment = 16;

let kept: { readonly memory: Memory; readonly kernels: Kernels } | undefined;

/** Where scratch of a kernel lies behind the maps, and what it works with. */
export interface MapWork {
  readonly kernels: Kernels;
  readonly buffer: ArrayBuffer;
  /** Addresses of the scratch areas, in their order. */
  readonly areas: readonly number[];
}

/**
 * Runs kernels on a copy of maps, which lies at address 0 followed by 64 bytes of zeros.
 * @param scratch bytes of the areas wanted behind them
 */
export function withMaps<T>(
  { count, width, height, data }: Maps,
  scratch: readonly number[],
  work: (given: MapWork) => T,
): T {
  const areas: number[] = [];
  let bytes = align(data.byteLength + 64);
  for (const size of scratch) {
    areas.push(bytes);
    bytes = align(bytes + size);
  }
  const owner = `maps [${count}, ${height}, ${width}]`;
  const { memory, kernels } = (kept ??= fresh(owner));
  ensure(memory, bytes, owner);
  const { buffer } = memory;
  new Float32Array(buffer, 0, data.length).set(data);
  new Uint8Array(buffer, data.byteLength, 64).fill(0);
  try {
    return work({ kernels, buffer, areas });
  } finally {
    if (bytes > keptBytes) kept = undefined;
  }
}

function fresh(owner: string): { readonly memory: Memory; readonly kernels: Kernels } {
  const memory = allocate(0, owner);
  return { memory, kernels: instantiate(memory) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
