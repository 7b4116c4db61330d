import { type Feeds, type NdArray, isOnDevice } from "../../engine/graph/index.ts";
import type { Maps } from "../images/maps.ts";

/** Smallest side of an image, in pixels, at which keys and values have a token in every stage of the encoder. */
export const smallestSide = 32;

/** Weights and buffers by name. They are read at every run, since training may replace them in between. */
export type NetworkFeeds = Feeds;

/** Weights as arrays to be written into a model; throws if one is on a device. */
export function arraysOf(parameters: NetworkFeeds): Record<string, NdArray> {
  const arrays: Record<string, NdArray> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (isOnDevice(value))
      throw new Error(`forward: ${name} is on the device and cannot be frozen; download it first`);
    arrays[name] = value;
  }
  return arrays;
}

/** [3, h, w] to [1, h, w, 3], or to [2, h, w, 3] with the mirror image second. */
export function interleaved({ width, height, data: source }: Maps, mirrored: boolean): NdArray {
  const area = height * width;
  const n = mirrored ? 2 : 1;
  const data = new Float32Array(n * area * 3);
  for (let p = 0; p < area; p++) {
    const x = p % width;
    const mirror = (area + p + width - 1 - 2 * x) * 3;
    for (let c = 0; c < 3; c++) {
      const value = source[c * area + p]!;
      data[p * 3 + c] = value;
      if (mirrored) data[mirror + c] = value;
    }
  }
  return { dtype: "float32", shape: [n, height, width, 3], data };
}

/** [n, c, h, w], as PyTorch lays images out, to the graphs' [n, h, w, c]. */
export function channelsLast({ shape, data: source }: NdArray): NdArray {
  const [n, c, h, w] = shape as [number, number, number, number];
  if (shape.length !== 4 || !(source instanceof Float32Array)) {
    throw new RangeError(`channelsLast: expected float32 [n, c, h, w], found shape [${shape}]`);
  }
  const data = new Float32Array(source.length);
  // Plane by plane: contiguous reads are faster than contiguous writes.
  for (let plane = 0, from = 0; plane < n * c; plane++) {
    const first = Math.floor(plane / c) * h * w * c + (plane % c);
    for (let p = 0, to = first; p < h * w; p++, to += c) data[to] = source[from++]!;
  }
  return { dtype: "float32", shape: [n, h, w, c], data };
}

/** [1, h, w, c] to [c, h, w]. */
export function planesOf({ shape, data }: NdArray): Maps {
  const source = data as Float32Array;
  const [, height, width, count] = shape as [number, number, number, number];
  const planes = new Float32Array(source.length);
  for (let c = 0, to = 0; c < count; c++) {
    for (let from = c; from < source.length; from += count) planes[to++] = source[from]!;
  }
  return { count, width, height, data: planes };
}
