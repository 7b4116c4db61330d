/** Bytes of a vector: kernels read and write whole vectors. */
const alignment = 16;

/** Byte addresses of areas in a kernel's memory, and the end of the last one. */
export interface MemoryLayout<Area extends string> {
  readonly addresses: Readonly<Record<Area, number>>;
  readonly end: number;
}

/**
 * Places areas one after the other, each at a multiple of 16.
 * @param bytes size of each area
 * @param start address of the first area, which is rounded up
 */
export function layOut<Area extends string>(
  bytes: Readonly<Record<Area, number>>,
  start = 0,
): MemoryLayout<Area> {
  const addresses: Partial<Record<Area, number>> = {};
  let end = align(start);
  for (const [name, size] of Object.entries(bytes) as [Area, number][]) {
    addresses[name] = end;
    end = align(end + size);
  }
  return { addresses: addresses as Record<Area, number>, end };
}

/** The next address at which an area may begin. */
export function align(address: number): number {
  return Math.ceil(address / alignment) * alignment;
}
