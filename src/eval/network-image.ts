import { normalize, normalizeToChannelsFirst, type Normalization } from "../data/normalize.ts";
import { resizeImage } from "../data/resize.ts";
import type { Image } from "../data/sample.ts";
import type { Maps } from "../pseudo/index.ts";
import { samples, type Samples } from "../pseudo/resize.ts";

/** An image as the network takes it: normalised, its long side at most `maxSide`. */
export function networkImage(image: Image, normalization: Normalization, maxSide: number): Maps {
  const { width, height, data } = shrinkImage(image, maxSide);
  const pixels = normalizeToChannelsFirst(data, width * height, normalization);
  return { count: 3, width, height, data: pixels };
}

/** The same image with a long side of at most `maxSide`, every pixel counted. */
export function shrinkImage(image: Image, maxSide: number): Image {
  const longest = Math.max(image.width, image.height);
  if (longest <= maxSide) return image;
  return resizeImage(
    image,
    side(image.width, maxSide, longest),
    side(image.height, maxSide, longest),
  );
}

/**
 * A normalised image resized to a long side (method section 11: bilinear). One much larger is shrunk
 * first, for bilinear sampling would pass over most of its pixels.
 */
export function withLongSide(image: Image, normalization: Normalization, longSide: number): Maps {
  const source = shrinkImage(image, 2 * longSide);
  const longest = Math.max(source.width, source.height);
  return resizeNormalized(
    source,
    side(source.width, longSide, longest),
    side(source.height, longSide, longest),
    normalization,
  );
}

/** To the bit what normalising and then `resize` give, without either's whole arrays. */
function resizeNormalized(
  image: Image,
  width: number,
  height: number,
  normalization: Normalization,
): Maps {
  const levels = [0, 1, 2].map((channel) => levelsOf(channel, normalization));
  const across = samples(image.width, width, false);
  const down = samples(image.height, height, false);
  const data = new Float32Array(3 * height * width);
  // The two source rows around an output row, already resized across, [3, width] each.
  let upper = { y: -1, values: new Float32Array(3 * width) };
  let lower = { y: -1, values: new Float32Array(3 * width) };
  for (let y = 0; y < height; y++) {
    const [first, second] = [down.first[y]!, down.second[y]!];
    // Going down, the lower row of before is often the upper one now.
    if (upper.y !== first) [upper, lower] = [lower, upper];
    if (upper.y !== first) resizeRow(image, (upper.y = first), across, levels, upper.values);
    if (lower.y !== second) resizeRow(image, (lower.y = second), across, levels, lower.values);
    for (let c = 0; c < 3; c++) {
      mix(upper.values, lower.values, c * width, down.share[y]!, {
        out: data,
        at: (c * height + y) * width,
        width,
      });
    }
  }
  return { count: 3, width, height, data };
}

/** (1 - share) of one row and share of another. */
function mix(
  upper: Float32Array,
  lower: Float32Array,
  from: number,
  share: number,
  { out, at, width }: { out: Float32Array; at: number; width: number },
): void {
  const rest = 1 - share;
  for (let x = 0; x < width; x++) out[at + x] = upper[from + x]! * rest + lower[from + x]! * share;
}

/** One row of an image, normalised and resized across, as [3, width]. */
function resizeRow(
  { width: sourceWidth, data: pixels }: Image,
  y: number,
  { first, second, share }: Samples,
  levels: readonly Float32Array[],
  out: Float32Array,
): void {
  const width = first.length;
  const line = pixels.subarray(y * sourceWidth * 3, (y + 1) * sourceWidth * 3);
  const [red, green, blue] = levels as [Float32Array, Float32Array, Float32Array];
  for (let x = 0; x < width; x++) {
    const part = share[x]!;
    const rest = 1 - part;
    const left = first[x]! * 3;
    const right = second[x]! * 3;
    out[x] = red[line[left]!]! * rest + red[line[right]!]! * part;
    out[width + x] = green[line[left + 1]!]! * rest + green[line[right + 1]!]! * part;
    out[2 * width + x] = blue[line[left + 2]!]! * rest + blue[line[right + 2]!]! * part;
  }
}

/** What each of the 256 levels of a channel becomes. */
function levelsOf(channel: number, normalization: Normalization): Float32Array {
  const ramp = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const normalized = normalize(ramp, normalization);
  return Float32Array.from({ length: 256 }, (_, level) => normalized[level * 3 + channel]!);
}

/** A side where the longest becomes `longSide`, rounded down as in the published code. */
function side(length: number, longSide: number, longest: number): number {
  return Math.max(1, Math.floor((length * longSide) / longest));
}
