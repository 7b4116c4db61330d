import type { Memory } from "../../engine/kernels/index.ts";
import type { Maps } from "../images/maps.ts";

const FLOAT = 4;

/** Bytes of a pixel in a kernel's memory: a float for each of `count` maps, padded to whole vectors. */
export function pixelBytes(count: number): number {
  return Math.ceil(count / 4) * 4 * FLOAT;
}

/**
 * Writes maps to an address as [h, w, count padded].
 * @param value function from a value, its map k and its pixel p to the number to write
 * @param padding number to fill the padding with
 */
export function interleave(
  memory: Memory,
  at: number,
  { count, width, height, data }: Maps,
  value: (value: number, k: number, p: number) => number,
  padding: number,
): void {
  const area = width * height;
  const stride = pixelBytes(count) / FLOAT;
  const target = new Float32Array(memory.buffer, at, area * stride);
  for (let p = 0; p < area; p++) {
    const row = p * stride;
    for (let k = 0, i = p; k < count; k++, i += area) target[row + k] = value(data[i]!, k, p);
    target.fill(padding, row + count, row + stride);
  }
}

/** Reads maps from an address where they are stored as [h, w, count padded]. */
export function separate(memory: Memory, at: number, { count, width, height }: Maps): Maps {
  const area = width * height;
  const stride = pixelBytes(count) / FLOAT;
  const source = new Float32Array(memory.buffer, at, area * stride);
  const data = new Float32Array(count * area);
  for (let p = 0; p < area; p++) {
    for (let k = 0, i = p; k < count; k++, i += area) data[i] = source[p * stride + k]!;
  }
  return { count, width, height, data };
}
