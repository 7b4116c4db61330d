import {
  allocate,
  ensure,
  instantiate,
  layOut,
  type Kernels,
  type Memory,
} from "../../engine/kernels/index.ts";
import type { Maps } from "./maps.ts";

/** Memory up to this size is kept for the next image; more, as large photographs need, is released. */
const mostKeptBytes = 1 << 26;

let workspace: { readonly memory: Memory; readonly kernels: Kernels } | undefined;

/** Kernels whose memory has a copy of maps at address 0, followed by scratch areas. */
export interface MapMemory<Area extends string> {
  readonly kernels: Kernels;
  readonly buffer: ArrayBuffer;
  /** Byte address of each scratch area. */
  readonly areas: Readonly<Record<Area, number>>;
}

/**
 * Runs kernels on a copy of maps at address 0, which is followed by 64 bytes of zeros.
 * @param scratch bytes of each area to reserve behind the copy
 */
export function withMaps<Area extends string, T>(
  { count, width, height, data }: Maps,
  scratch: Readonly<Record<Area, number>>,
  work: (memory: MapMemory<Area>) => T,
): T {
  const { addresses: areas, end } = layOut(scratch, data.byteLength + 64);
  const owner = `maps [${count}, ${height}, ${width}]`;
  const { memory, kernels } = (workspace ??= createMemory(owner));
  ensure(memory, end, owner);
  const { buffer } = memory;
  new Float32Array(buffer, 0, data.length).set(data);
  new Uint8Array(buffer, data.byteLength, 64).fill(0);
  try {
    return work({ kernels, buffer, areas });
  } finally {
    if (end > mostKeptBytes) workspace = undefined;
  }
}

function createMemory(owner: string): { readonly memory: Memory; readonly kernels: Kernels } {
  const memory = allocate(0, owner);
  return { memory, kernels: instantiate(memory) };
}
