// Float maps, such as class activations, brought to another size bilinearly, without antialiasing; and the gradient of
// it.
import { bilinearSamples, placeSamples } from "./bilinear-samples.ts";
import { withMaps } from "./map-memory.ts";
import { plane, type Maps } from "./maps.ts";

/**
 * Maps resized bilinearly, without antialiasing; the maps themselves if they have that size already. By default the
 * centers of pixels correspond; with `alignCorners` the centers of the corner pixels do; with `scale` every pixel is
 * enlarged by exactly that factor, even where the sizes round it.
 */
export function resizeMaps(
  source: Maps,
  width: number,
  height: number,
  { alignCorners = false, scale }: { alignCorners?: boolean; scale?: number } = {},
): Maps {
  const { count } = source;
  if (width === source.width && height === source.height) return source;
  if (!(width >= 1 && height >= 1 && source.width >= 1 && source.height >= 1)) {
    throw new RangeError(
      `resize: ${source.width} x ${source.height} to ${width} x ${height}; no side may be 0`,
    );
  }
  const across = bilinearSamples(source.width, width, alignCorners, scale);
  const down = bilinearSamples(source.height, height, alignCorners, scale);
  const scratch = {
    columns: 3 * width * 4,
    lines: 3 * height * 4,
    rows: (source.height * width + 3) * 4,
    out: (height * width + 3) * 4,
  };
  const data = new Float32Array(count * height * width);
  // Map by map: all maps of a large photograph would need their memory twice.
  for (let k = 0; k < count; k++) {
    const map = { ...source, count: 1, data: plane(source, k) };
    withMaps(map, scratch, ({ kernels, buffer, areas }) => {
      const { columns, lines, rows, out } = areas;
      placeSamples(across, buffer, columns);
      placeSamples(down, buffer, lines);
      kernels.resizeMap({
        source: 0,
        height: source.height,
        width: source.width,
        across: columns,
        toWidth: width,
        down: lines,
        toHeight: height,
        rows,
        out,
      });
      data.set(new Float32Array(buffer, out, height * width), k * height * width);
    });
  }
  return { count, width, height, data };
}

/**
 * The gradient with respect to the input of `resizeMaps`, from the gradient with respect to its output: the transposed
 * operation, with the same options. `width` and `height` are those of the input.
 */
export function resizeGradient(
  gradient: Maps,
  width: number,
  height: number,
  { alignCorners = false, scale }: { alignCorners?: boolean; scale?: number } = {},
): Maps {
  const { count } = gradient;
  if (width === gradient.width && height === gradient.height) return gradient;
  const across = bilinearSamples(width, gradient.width, alignCorners, scale);
  const down = bilinearSamples(height, gradient.height, alignCorners, scale);
  const data = new Float32Array(count * height * width);
  for (let row = 0; row < count * gradient.height; row++) {
    const y = row % gradient.height;
    const top = Math.floor(row / gradient.height) * height;
    const upper = (top + down.first[y]!) * width;
    const lower = (top + down.second[y]!) * width;
    const share = down.share[y]!;
    for (let x = 0; x < gradient.width; x++) {
      const value = gradient.data[row * gradient.width + x]!;
      const [left, right, part] = [across.first[x]!, across.second[x]!, across.share[x]!];
      data[upper + left]! += value * (1 - share) * (1 - part);
      data[upper + right]! += value * (1 - share) * part;
      data[lower + left]! += value * share * (1 - part);
      data[lower + right]! += value * share * part;
    }
  }
  return { count, width, height, data };
}
