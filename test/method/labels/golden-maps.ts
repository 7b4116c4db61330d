import type { Image } from "../../../src/method/images/image.ts";
import type { Box, Maps } from "../../../src/method/images/maps.ts";
import type { GoldenTensor } from "../../golden.ts";

/** Image i of a golden batch of maps [n, c, h, w]. */
export function mapsOf({ shape, data }: GoldenTensor, i: number): Maps {
  const [, count, height, width] = shape as [number, number, number, number];
  const size = count * height * width;
  return {
    count,
    width,
    height,
    data: Float32Array.from(data.subarray(i * size, (i + 1) * size)),
  };
}

/** Image i of a golden batch of labels [n, h, w] or [n, t, t]. */
export function labelsOf({ shape, data }: GoldenTensor, i: number): Uint8Array {
  const size = shape[1]! * shape[2]!;
  return Uint8Array.from(data.subarray(i * size, (i + 1) * size));
}

/** 8-bit image i of a golden batch [n, 3, h, w] of 0..255. */
export function imageOf(tensor: GoldenTensor, i: number): Image {
  const { width, height, data } = mapsOf(tensor, i);
  const area = width * height;
  const interleaved = Uint8Array.from({ length: 3 * area }, (_, at) => {
    return data[(at % 3) * area + Math.floor(at / 3)]!;
  });
  return { width, height, data: interleaved };
}

/** Box i of a golden batch [n, 4]. */
export function boxOf({ data }: GoldenTensor, i: number): Box {
  return [...data.subarray(i * 4, i * 4 + 4)] as unknown as Box;
}

/** The classes tagged in row i of [n, C]. */
export function classesOf({ shape, data }: GoldenTensor, i: number): number[] {
  const row = data.subarray(i * shape[1]!, (i + 1) * shape[1]!);
  return [...row.keys()].filter((c) => row[c] === 1);
}

/** Maps of some classes among zero maps of all others, as golden files have them. */
export function scatter(maps: Maps, channels: readonly number[], count: number): Float32Array {
  const area = maps.width * maps.height;
  const data = new Float32Array(count * area);
  for (const [k, channel] of channels.entries()) {
    data.set(maps.data.subarray(k * area, (k + 1) * area), channel * area);
  }
  return data;
}

/** Largest absolute difference; NaN counts as infinite. */
export function maxError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
  }
  return worst;
}

/** Share of equal elements. */
export function agreement(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return 0;
  let equal = 0;
  for (let i = 0; i < expected.length; i++) if (actual[i] === expected[i]) equal++;
  return equal / expected.length;
}
