import { decode } from "fast-png";
import { UserError } from "../../../user-error.ts";
import { largePixels } from "../../codec.ts";
import { damagedPng, joined, signature, type PngChunk, type PngHeader } from "./png-chunks.ts";
import type { Zlib } from "./zlib.ts";

/** A header with the size of what it describes. */
export interface PngLayout extends PngHeader {
  /** Values of a pixel. */
  readonly channels: number;
  /** Bytes of a row of pixels. */
  readonly rowBytes: number;
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Values and bytes of a header; an Error for a depth or a color type that PNG does not have. */
export function layoutOf(header: PngHeader): PngLayout {
  const { width, depth, colorType } = header;
  const channels = channelsOf[colorType];
  if (channels === undefined) throw new Error(`it has the color type ${colorType}`);
  if (![1, 2, 4, 8, 16].includes(depth) || (channels > 1 && depth < 8)) {
    throw new Error(`it has ${depth} bits a value`);
  }
  return { ...header, channels, rowBytes: Math.ceil((width * channels * depth) / 8) };
}

/**
 * The rows of a PNG as it stores them, one after the other: values of 16 bits with the high byte first, smaller ones several
 * to a byte. One that is not interlaced takes no more memory than its rows.
 */
export function pngRows(
  layout: PngLayout,
  chunks: readonly PngChunk[],
  where: string,
  zlib: Zlib,
): Uint8Array {
  if (layout.isInterlaced) return passesOf(layout, chunks, where, zlib);
  const { height, depth, channels, rowBytes } = layout;
  const size = height * (rowBytes + 1);
  let rows: Uint8Array;
  try {
    rows = inflated(chunks, size, zlib);
    if (rows.length < size) throw new Error(`${rows.length} bytes of pixels, expected ${size}`);
    unfilter(rows, layout, Math.max(1, (depth * channels) / 8));
  } catch (error) {
    throw damagedPng(where, error);
  }
  const pixels = rows.subarray(0, height * rowBytes);
  // A copy has a buffer of its own, for which a large picture has no room.
  return pixels.length > largePixels ? pixels : pixels.slice();
}

/** The unpacked content of the pixel chunks, in one buffer: a small malicious file may unpack to gigabytes. */
function inflated(chunks: readonly PngChunk[], size: number, zlib: Zlib): Uint8Array {
  return zlib.inflate(
    joined(chunks.flatMap(({ type, data }) => (type === "IDAT" ? [data] : []))),
    size,
  );
}

/** Undoes the filters of all rows and moves them together, in place: each row loses the byte that names its filter. */
function unfilter(rows: Uint8Array, { height, rowBytes }: PngLayout, step: number): void {
  for (let y = 0; y < height; y++) {
    const from = y * (rowBytes + 1) + 1;
    const to = y * rowBytes;
    const filter = rows[from - 1]!;
    if (filter === 0) {
      rows.copyWithin(to, from, from + rowBytes);
      continue;
    }
    if (filter > 4)
      throw new Error(`row ${y + 1} has the filter ${filter}, which PNG does not have`);
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= step ? rows[to + i - step]! : 0;
      const above = y > 0 ? rows[to + i - rowBytes]! : 0;
      const corner = y > 0 && i >= step ? rows[to + i - rowBytes - step]! : 0;
      rows[to + i] = rows[from + i]! + predicted(filter, left, above, corner);
    }
  }
}

/** The value that a filter adds: of the left, upper or both neighbors, or the one of three that their plane is nearest to. */
function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const [toLeft, toAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** The rows of an interlaced PNG, whose passes a library puts together. */
function passesOf(
  { width, height, depth, rowBytes, channels }: PngLayout,
  chunks: readonly PngChunk[],
  where: string,
  zlib: Zlib,
): Uint8Array {
  if (width * height > largePixels) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${width}x${height}, of which at most ${largePixels} pixels are read; save it without interlacing`,
    );
  }
  if (depth < 8) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${depth} bits, which is not supported; save it without interlacing`,
    );
  }
  try {
    // Rows of each of the seven passes have a filter byte: at most 2 per row.
    const size = height * (rowBytes + 2) + 7;
    const unpacked = inflated(chunks, size, zlib).length;
    if (unpacked < height * rowBytes) {
      throw new Error(`${unpacked} bytes of pixels, expected ${size}`);
    }
    const whole = joined([signature, ...chunks.map((one) => one.whole)]);
    const pixels = decode(whole, { checkCrc: true }).data;
    if (depth === 8) return Uint8Array.from(pixels);
    // As a file stores them, the high byte first.
    const out = new Uint8Array(2 * width * height * channels);
    pixels.forEach((value, i) => {
      out[2 * i] = value >> 8;
      out[2 * i + 1] = value & 255;
    });
    return out;
  } catch (error) {
    throw damagedPng(where, error);
  }
}

/** Unpacks values of fewer than 8 bits, the first in the highest bits of a byte; every row begins with a new byte. */
export function unpackBits(packed: Uint8Array, { width, height, depth }: PngLayout): Uint8Array {
  const out = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  for (let i = 0; i < out.length; i++) {
    const x = i % width;
    const byte = packed[((i - x) / width) * rowBytes + Math.floor(x / perByte)]!;
    out[i] = (byte >> (8 - depth - (x % perByte) * depth)) & ((1 << depth) - 1);
  }
  return out;
}
