import { withMaps } from "./map-memory.ts";
import type { LabelMap } from "./image.ts";
import { plane, type Maps } from "./maps.ts";

/**
 * Bilinear resizing without antialiasing. Pixel centers correspond by default; with `alignCorners`
 * the centers of the corner pixels do, and with `scale` a pixel is that much larger than before,
 * whatever the sizes say. Returns the maps themselves if the size is theirs.
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
  const across = samples(source.width, width, alignCorners, scale);
  const down = samples(source.height, height, alignCorners, scale);
  const sizes = [3 * width, 3 * height, source.height * width + 3, height * width + 3];
  const scratch = sizes.map((floats) => 4 * floats);
  const data = new Float32Array(count * height * width);
  // Map by map, for in large photographs all of them would take much memory twice.
  for (let k = 0; k < count; k++) {
    const map = { ...source, count: 1, data: plane(source, k) };
    withMaps(map, scratch, ({ kernels, buffer, areas }) => {
      const [columns, lines, rows, out] = areas as [number, number, number, number];
      placeSamples(across, buffer, columns);
      placeSamples(down, buffer, lines);
      kernels.resizeMap(0, source.height, source.width, columns, width, lines, height, rows, out);
      data.set(new Float32Array(buffer, out, height * width), k * height * width);
    });
  }
  return { count, width, height, data };
}

/**
 * The gradient with respect to the maps that `resize` made smaller or larger, from that with respect
 * to its result: the transposed operation.
 */
export function resizeGradient(
  gradient: Maps,
  width: number,
  height: number,
  { alignCorners = false, scale }: { alignCorners?: boolean; scale?: number } = {},
): Maps {
  const { count } = gradient;
  if (width === gradient.width && height === gradient.height) return gradient;
  const across = samples(width, gradient.width, alignCorners, scale);
  const down = samples(height, gradient.height, alignCorners, scale);
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

/** Every stride-th label: source index i * stride, sizes divided by the stride. */
export function reduceLabels(labels: LabelMap, stride: number): LabelMap {
  const [width, height] = [labels.width / stride, labels.height / stride];
  if (!Number.isInteger(width) || !Number.isInteger(height)) {
    throw new RangeError(
      `reduceLabels: ${labels.width} x ${labels.height} is no multiple of the stride ${stride}; crop to one`,
    );
  }
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[y * width + x] = labels.data[y * stride * labels.width + x * stride]!;
    }
  }
  return { width, height, data };
}

/** Where the samples along one axis come from: (1 - share) of the first and share of the second. */
export interface Samples {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly share: Float32Array;
}

export function samples(
  from: number,
  to: number,
  alignCorners: boolean,
  scale = to / from,
): Samples {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const share = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const position = alignCorners
      ? (i * (from - 1)) / Math.max(1, to - 1)
      : Math.max(0, (i + 0.5) / scale - 0.5);
    first[i] = Math.min(from - 1, Math.floor(position));
    second[i] = Math.min(from - 1, first[i]! + 1);
    share[i] = position - first[i]!;
  }
  return { first, second, share };
}

/** As the kernels read them: one array after the other. */
export function placeSamples(
  { first, second, share }: Samples,
  buffer: ArrayBuffer,
  at: number,
): void {
  const { byteLength } = first;
  new Int32Array(buffer, at, first.length).set(first);
  new Int32Array(buffer, at + byteLength, first.length).set(second);
  new Float32Array(buffer, at + 2 * byteLength, first.length).set(share);
}
