import type { Image } from "../../../method/images/image.ts";
import { exifOrientation, turnUpright } from "./orientation.ts";
import { damagedPng, pixelChunks, readPngHeader, type PngChunk } from "./png-chunks.ts";
import { layoutOf, pngRows, unpackBits, type PngLayout } from "./png-rows.ts";
import { pixelLimit, tooManyPixels } from "./unreadable.ts";
import type { Zlib } from "./zlib.ts";

/**
 * Decodes a PNG of any kind to upright 8-bit RGB, to the same pixels as libvips does: gray repeated, the high bytes of
 * 16 bits, transparency laid over black and rounded down, Exif orientation applied; color profiles and gamma are ignored.
 * Damaged files, and interlaced ones of fewer than 8 bits, are UserErrors.
 * @param where beginning of error messages
 */
export function decodeColorPng(bytes: Uint8Array, where: string, zlib: Zlib): Image {
  const header = readPngHeader(bytes);
  if (!header) throw damagedPng(where, new Error("it has no header"));
  try {
    const layout = layoutOf(header);
    const { width, height } = layout;
    if (width * height === 0) throw new Error("it has no pixels");
    if (width * height > pixelLimit) throw new Error(tooManyPixels);
    const chunks = pixelChunks(bytes, where, zlib, ["PLTE", "tRNS", "eXIf"]);
    const rows = pngRows(layout, chunks, where, zlib);
    const data = colorsOf(layout, rows, chunks);
    const exif = chunks.find(({ type }) => type === "eXIf");
    return turnUpright({ width, height, data }, exif ? exifOrientation(exif.data) : 1);
  } catch (error) {
    throw damagedPng(where, error);
  }
}

function colorsOf(layout: PngLayout, rows: Uint8Array, chunks: readonly PngChunk[]): Uint8Array {
  const { colorType, depth } = layout;
  const [palette, transparency] = ["PLTE", "tRNS"].map(
    (name) => chunks.find(({ type }) => type === name)?.data,
  );
  if (colorType === 3) {
    const indices = depth < 8 ? unpackBits(rows, layout) : rows;
    return paletteColors(indices, palette, transparency);
  }
  if (depth === 16) return colorsOf16(layout, rows, transparency);
  const values = depth < 8 ? stretched(unpackBits(rows, layout), depth) : rows;
  // The transparent color is stored unstretched.
  const clear = transparency && clearColor(transparency, depth < 8 ? 255 / (2 ** depth - 1) : 1);
  return colorsOf8(layout.channels, values, clear);
}

/** Colors of a palette PNG; an Error for an index beyond the palette. */
function paletteColors(
  indices: Uint8Array,
  palette: Uint8Array | undefined,
  alphas: Uint8Array | undefined,
): Uint8Array {
  if (!palette) throw new Error("it has no palette");
  const colors = palette.slice(0, palette.length - (palette.length % 3));
  alphas?.subarray(0, colors.length / 3).forEach((alpha, i) => {
    for (let c = 0; c < 3; c++) colors[3 * i + c] = overBlack(colors[3 * i + c]!, alpha);
  });
  const out = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    const at = 3 * indices[i]!;
    if (at >= colors.length) {
      throw new Error(`it has the color ${indices[i]} of a palette of ${colors.length / 3}`);
    }
    out[3 * i] = colors[at]!;
    out[3 * i + 1] = colors[at + 1]!;
    out[3 * i + 2] = colors[at + 2]!;
  }
  return out;
}

/** Colors of 8-bit values of 1 to 4 channels. */
function colorsOf8(
  channels: number,
  values: Uint8Array,
  clear: readonly number[] | undefined,
): Uint8Array {
  const hasAlpha = channels % 2 === 0;
  const count = values.length / channels;
  const colors = channels < 3 ? 1 : 3;
  const out = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    const from = i * channels;
    if (clear && isColor(values, from, colors, clear)) continue;
    const alpha = hasAlpha ? values[from + colors]! : 255;
    for (let c = 0; c < 3; c++) {
      out[3 * i + c] = overBlack(values[from + (colors === 1 ? 0 : c)]!, alpha);
    }
  }
  return out;
}

/** Colors of 16-bit values, in the order of the file. */
function colorsOf16(
  { channels }: PngLayout,
  rows: Uint8Array,
  transparency: Uint8Array | undefined,
): Uint8Array {
  const values = new Uint16Array(rows.length / 2);
  for (let i = 0; i < values.length; i++) values[i] = (rows[2 * i]! << 8) | rows[2 * i + 1]!;
  const clear = transparency && clearColor(transparency, 1);
  const colors = channels < 3 ? 1 : 3;
  const out = new Uint8Array((values.length / channels) * 3);
  for (let i = 0; 3 * i < out.length; i++) {
    const from = i * channels;
    if (clear && isColor(values, from, colors, clear)) continue;
    const alpha = channels % 2 === 0 ? values[from + colors]! : 65535;
    for (let c = 0; c < 3; c++) {
      const value = values[from + (colors === 1 ? 0 : c)]!;
      out[3 * i + c] = Math.floor((value * alpha) / 65535) >> 8;
    }
  }
  return out;
}

/** The one color that is transparent, as 16-bit values in the file. */
function clearColor(chunk: Uint8Array, scale: number): number[] {
  return Array.from(
    { length: chunk.length >> 1 },
    (_, i) => ((chunk[2 * i]! << 8) | chunk[2 * i + 1]!) * scale,
  );
}

function isColor(
  values: ArrayLike<number>,
  from: number,
  count: number,
  color: readonly number[],
): boolean {
  for (let c = 0; c < count; c++) if (values[from + c] !== color[c]) return false;
  return true;
}

/** Values of fewer than 8 bits, stretched to 0..255. */
function stretched(values: Uint8Array, depth: number): Uint8Array {
  const scale = 255 / (2 ** depth - 1);
  for (let i = 0; i < values.length; i++) values[i]! *= scale;
  return values;
}

function overBlack(value: number, alpha: number): number {
  return Math.floor((value * alpha) / 255);
}
