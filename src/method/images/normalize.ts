import type { Image } from "./image.ts";
import type { Maps } from "./maps.ts";

/** Mean and standard deviation of red, green, blue, in 8-bit levels. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Normalization that encoders trained on ImageNet expect. */
export const imageNetNormalization: Normalization = {
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** (pixel - mean) / std, [..., 3] to [..., 3]; fills `out` if given. */
export function normalize(
  pixels: Uint8Array,
  { mean, std }: Normalization = imageNetNormalization,
  out: Float32Array = new Float32Array(pixels.length),
): Float32Array {
  checkLength(pixels, out);
  const [red, green, blue] = tables(mean, std);
  for (let i = 0; i < pixels.length; i += 3) {
    out[i] = red[pixels[i]!]!;
    out[i + 1] = green[pixels[i + 1]!]!;
    out[i + 2] = blue[pixels[i + 2]!]!;
  }
  return out;
}

/** (pixel - mean) / std of an image, one map for each channel. */
export function normalizedMaps({ width, height, data }: Image, normalization: Normalization): Maps {
  const planes = normalizeToChannelsFirst(data, width * height, normalization);
  return { count: 3, width, height, data: planes };
}

/** (pixel - mean) / std, [n, h, w, 3] with h * w = area to [n, 3, h, w]; fills `out` if given. */
export function normalizeToChannelsFirst(
  pixels: Uint8Array,
  area: number,
  { mean, std }: Normalization = imageNetNormalization,
  out: Float32Array = new Float32Array(pixels.length),
): Float32Array {
  checkLength(pixels, out);
  if (area <= 0 || pixels.length % (area * 3) !== 0) {
    throw new RangeError(
      `normalize: ${pixels.length} values are not whole RGB images of ${area} pixels`,
    );
  }
  const [red, green, blue] = tables(mean, std);
  for (let start = 0; start < pixels.length; start += area * 3) {
    for (let i = 0, from = start; i < area; i++, from += 3) {
      out[start + i] = red[pixels[from]!]!;
      out[start + area + i] = green[pixels[from + 1]!]!;
      out[start + 2 * area + i] = blue[pixels[from + 2]!]!;
    }
  }
  return out;
}

function checkLength(pixels: Uint8Array, out: Float32Array): void {
  if (out.length !== pixels.length) {
    throw new RangeError(
      `normalize: ${pixels.length} values for an output of ${out.length}; make both equally long`,
    );
  }
}

function tables(
  mean: readonly number[],
  std: readonly number[],
): [Float32Array, Float32Array, Float32Array] {
  const table = (c: number): Float32Array =>
    Float32Array.from({ length: 256 }, (_, level) => (level - mean[c]!) / std[c]!);
  return [table(0), table(1), table(2)];
}
