import {
  allocate,
  ensure,
  instantiate,
  type Kernels,
  type Memory,
} from "../../engine/kernels/index.ts";
import type { Image } from "./image.ts";
import { placeSamples, samples } from "./resize-maps.ts";

const owner = "resizing an image";
let workspace: { readonly memory: Memory; readonly kernels: Kernels } | undefined;

/**
 * An image resized bilinearly as `resize` does it, to the bit, where each level of a channel stands for a
 * value. Two rows of it are in memory at a time.
 * @param levels values of red, green and blue levels, [3, 256]
 * @returns [height, width, 3]
 */
export function resizePixels(
  image: Image,
  levels: Float32Array,
  width: number,
  height: number,
): Float32Array {
  const across = samples(image.width, width, false);
  const down = samples(image.height, height, false);
  workspace ??= start();
  const { memory, kernels } = workspace;
  const sizes = [3 * 256, 3 * width, image.width, 3 * image.width + 1];
  const rows = 3 * width + 4;
  const [table, places, pixels, values, first, second, mixed, end] = addresses([
    ...sizes,
    ...[rows, rows, rows],
  ]) as readonly [number, number, number, number, number, number, number, number];
  ensure(memory, end, owner);
  const { buffer } = memory;
  new Float32Array(buffer, table, levels.length).set(levels);
  placeSamples(across, buffer, places);
  const source = new Uint8Array(buffer, pixels, 3 * image.width);
  const result = new Float32Array(buffer, mixed, 3 * width);
  const data = new Float32Array(3 * width * height);
  const resizeRow = (y: number, to: number): void => {
    source.set(image.data.subarray(y * 3 * image.width, (y + 1) * 3 * image.width));
    kernels.pixelValues(pixels, image.width, table, values);
    kernels.resizeAcross(values, places, width, to);
  };
  // The two source rows around an output row, already resized across.
  let upper = { y: -1, at: first };
  let lower = { y: -1, at: second };
  for (let y = 0; y < height; y++) {
    const [above, below] = [down.first[y]!, down.second[y]!];
    // Going down, the lower row of before is often the upper one now.
    if (upper.y !== above) [upper, lower] = [lower, upper];
    if (upper.y !== above) resizeRow((upper.y = above), upper.at);
    if (lower.y !== below) resizeRow((lower.y = below), lower.at);
    kernels.mixRows(upper.at, lower.at, down.share[y]!, 3 * width, mixed);
    data.set(result, y * 3 * width);
  }
  return data;
}

function start(): { readonly memory: Memory; readonly kernels: Kernels } {
  const memory = allocate(0, owner);
  return { memory, kernels: instantiate(memory) };
}

/** Where areas of so many floats begin, one after the other, and where the last ends. */
function addresses(floats: readonly number[]): readonly number[] {
  const starts = [0];
  for (const count of floats) starts.push(starts.at(-1)! + Math.ceil(count / 4) * 16);
  return starts;
}
