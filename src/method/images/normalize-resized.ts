// An 8-bit image normalized and resized in one pass, as the network reads it: bilinear, without antialiasing.
import {
  allocate,
  ensure,
  instantiate,
  layOut,
  type Kernels,
  type Memory,
} from "../../engine/kernels/index.ts";
import type { Image } from "./image.ts";
import { bilinearSamples, placeSamples } from "./bilinear-samples.ts";

const owner = "resizing an image";
let workspace: { readonly memory: Memory; readonly kernels: Kernels } | undefined;

/**
 * An image resized bilinearly after each 8-bit level has been replaced by a value, such as its normalized intensity:
 * bit for bit `resizeMaps` of those values. Holds two source rows in memory at a time.
 * @param levels value of each red, green and blue level, [3, 256]
 * @returns [height, width, 3]
 */
export function resizePixels(
  image: Image,
  levels: Float32Array,
  width: number,
  height: number,
): Float32Array {
  const across = bilinearSamples(image.width, width, false);
  const down = bilinearSamples(image.height, height, false);
  workspace ??= createWorkspace();
  const { memory, kernels } = workspace;
  const rowBytes = (3 * width + 4) * 4;
  const { addresses, end } = layOut({
    table: 3 * 256 * 4,
    places: 3 * width * 4,
    pixels: image.width * 4,
    values: (3 * image.width + 1) * 4,
    first: rowBytes,
    second: rowBytes,
    mixed: rowBytes,
  });
  const { table, places, pixels, values, first, second, mixed } = addresses;
  ensure(memory, end, owner);
  const { buffer } = memory;
  new Float32Array(buffer, table, levels.length).set(levels);
  placeSamples(across, buffer, places);
  const source = new Uint8Array(buffer, pixels, 3 * image.width);
  const result = new Float32Array(buffer, mixed, 3 * width);
  const data = new Float32Array(3 * width * height);
  const resizeRow = (y: number, to: number): void => {
    source.set(image.data.subarray(y * 3 * image.width, (y + 1) * 3 * image.width));
    kernels.pixelValues({ pixels, width: image.width, table, values });
    kernels.resizeAcross({ values, samples: places, width, out: to });
  };
  // The two source rows around an output row, each already resized to the output width.
  let upper = { y: -1, at: first };
  let lower = { y: -1, at: second };
  for (let y = 0; y < height; y++) {
    const [above, below] = [down.first[y]!, down.second[y]!];
    // The lower row of the previous output row is often the upper one of this row.
    if (upper.y !== above) [upper, lower] = [lower, upper];
    if (upper.y !== above) resizeRow((upper.y = above), upper.at);
    if (lower.y !== below) resizeRow((lower.y = below), lower.at);
    const share = down.share[y]!;
    kernels.mixRows({ upper: upper.at, lower: lower.at, share, count: 3 * width, out: mixed });
    data.set(result, y * 3 * width);
  }
  return data;
}

function createWorkspace(): { readonly memory: Memory; readonly kernels: Kernels } {
  const memory = allocate(0, owner);
  return { memory, kernels: instantiate(memory) };
}
