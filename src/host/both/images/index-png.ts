import { vocPalette } from "../../../method/images/classes.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { largePixels } from "../../codec.ts";
import { chunk, damagedPng, joined, pixelChunks, readPngHeader, signature } from "./png-chunks.ts";
import { layoutOf, pngRows, unpackBits, type PngLayout } from "./png-rows.ts";
import { pixelLimit } from "./unreadable.ts";
import type { Zlib } from "./zlib.ts";

const colorTypes: Readonly<Record<number, string>> = {
  2: "RGB",
  4: "gray with alpha",
  6: "RGB with alpha",
};

/** Colors of all labels, as stored in a PNG. */
const palette = Uint8Array.from(vocPalette.flatMap((color) => [...color]));

/** Encodes labels as an 8-bit PNG with the palette of VOC; the palette indices are the labels. */
export function encodeIndexPng(labels: LabelMap, zlib: Zlib): Uint8Array {
  checkLabels(labels);
  return pngOf(labels, zlib.deflate(rowsOfLabels(labels, 0, labels.height)), zlib);
}

/** As `encodeIndexPng`; a large mask is packed in strips, which takes no second copy of it. */
export async function encodeIndexPngInStrips(labels: LabelMap, zlib: Zlib): Promise<Uint8Array> {
  if (labels.data.length <= largePixels) return encodeIndexPng(labels, zlib);
  checkLabels(labels);
  return pngOf(labels, await zlib.deflatePieces(stripsOf(labels)), zlib);
}

/** Pixels in a strip, about. */
const stripPixels = 2 ** 22;

function* stripsOf(labels: LabelMap): Generator<Uint8Array> {
  const rows = Math.max(1, Math.floor(stripPixels / labels.width));
  for (let y = 0; y < labels.height; y += rows) {
    yield rowsOfLabels(labels, y, Math.min(labels.height, y + rows));
  }
}

/** The rows from one to before another as in a PNG: each begins with the number of its filter, 0 for none. */
function rowsOfLabels({ width, data }: LabelMap, from: number, to: number): Uint8Array {
  const rows = new Uint8Array((width + 1) * (to - from));
  for (let y = from; y < to; y++) {
    rows.set(data.subarray(y * width, (y + 1) * width), (y - from) * (width + 1) + 1);
  }
  return rows;
}

function checkLabels({ width, height, data }: LabelMap): void {
  if (width >= 1 && height >= 1 && data.length === width * height) return;
  throw new RangeError(
    `mask: ${width}x${height} with ${data.length} labels; give one label for each pixel`,
  );
}

function pngOf({ width, height }: LabelMap, packed: Uint8Array, zlib: Zlib): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3], 8); // bit depth, color type: palette
  return joined([
    signature,
    chunk("IHDR", header, zlib),
    chunk("PLTE", palette, zlib),
    chunk("IDAT", packed, zlib),
    chunk("IEND", new Uint8Array(0), zlib),
  ]);
}

/**
 * Decodes the labels of a mask PNG: the raw indices of a palette PNG, or the values of a gray one. Anything else is a
 * UserError.
 * @param where beginning of error messages
 */
export function decodeIndexPng(bytes: Uint8Array, where: string, zlib: Zlib): LabelMap {
  const layout = checkHeader(bytes, where);
  const { width, height, depth } = layout;
  const pixels = pngRows(layout, pixelChunks(bytes, where, zlib), where, zlib);
  if (depth === 8) return { width, height, data: pixels };
  const data = depth < 8 ? unpackBits(pixels, layout) : lowBytes(pixels, where);
  return { width, height, data };
}

/** Labels of 16 bits, whose high bytes must be 0. */
function lowBytes(pixels: Uint8Array, where: string): Uint8Array {
  const out = new Uint8Array(pixels.length / 2);
  for (let i = 0; i < out.length; i++) {
    const value = (pixels[2 * i]! << 8) | pixels[2 * i + 1]!;
    if (value > 255) throw new UserError(`${where}: mask has label ${value}; labels go up to 255`);
    out[i] = value;
  }
  return out;
}

/** Checks the header of a mask PNG. */
function checkHeader(bytes: Uint8Array, where: string): PngLayout {
  const header = readPngHeader(bytes);
  if (!header) {
    throw new UserError(`${where}: not a PNG; masks must be PNG files of class indices`);
  }
  const { width, height, colorType, depth, isInterlaced } = header;
  if (colorType !== 0 && colorType !== 3) {
    throw new UserError(
      `${where}: mask is ${colorTypes[colorType] ?? "of an unknown color type"}, expected a palette or gray PNG ` +
        "whose values are class indices (0 background, 255 ignore); convert its colors to indices",
    );
  }
  let layout: PngLayout;
  try {
    layout = layoutOf(header);
  } catch (error) {
    throw damagedPng(where, error);
  }
  if (width * height === 0 || width * height > pixelLimit) {
    throw new UserError(`${where}: mask is ${width}x${height}; expected 1 to ${pixelLimit} pixels`);
  }
  if (isInterlaced && depth < 8) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${depth} bits, which is not supported; save it without interlacing`,
    );
  }
  return layout;
}
