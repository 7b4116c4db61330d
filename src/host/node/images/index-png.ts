import { constants, crc32, deflateSync, inflateSync } from "node:zlib";
import { decode } from "fast-png";
import { vocPalette } from "../../../method/images/classes.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";

/** Largest number of pixels in a mask. */
const pixelLimit = 200_000_000;

const colorTypes: Readonly<Record<number, string>> = {
  0: "gray",
  2: "RGB",
  3: "palette",
  4: "gray with alpha",
  6: "RGB with alpha",
};

/** Colors of all labels, as stored in a PNG. */
const palette = Buffer.from(vocPalette.flatMap((color) => [...color]));
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Encodes labels as an 8-bit PNG with the palette of VOC; the palette indices are the labels. */
export function encodeMask({ width, height, data }: LabelMap): Uint8Array {
  if (!(width >= 1 && height >= 1) || data.length !== width * height) {
    throw new RangeError(
      `mask: ${width}x${height} with ${data.length} labels; give one label for each pixel`,
    );
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // bit depth, color type: palette
  // Every row begins with the number of its filter: 0 for none.
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  // Labels come in runs of equal values: searching for runs alone is ten times faster than a full search at its fastest
  // level, and the file no larger.
  const packed = deflateSync(rows, { strategy: constants.Z_RLE });
  return Uint8Array.from(
    Buffer.concat([
      signature,
      chunk("IHDR", header),
      chunk("PLTE", palette),
      chunk("IDAT", packed),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

/**
 * Decodes the labels of a mask PNG: the raw indices of a palette PNG, or the values of a gray one. Anything else is a
 * UserError.
 * @param where beginning of error messages
 */
export function decodeMask(bytes: Uint8Array, where: string): LabelMap {
  const { essence, width, height, depth } = checkPng(bytes, where);
  let pixels: Uint8Array | Uint16Array;
  try {
    pixels = decode(essence, { checkCrc: true }).data as Uint8Array | Uint16Array;
  } catch (error) {
    throw damaged(where, error);
  }
  const data = new Uint8Array(width * height);
  if (depth === 16) {
    pixels.forEach((value, i) => {
      if (value > 255)
        throw new UserError(`${where}: mask has label ${value}; labels go up to 255`);
      data[i] = value;
    });
    return { width, height, data };
  }
  if (depth === 8) data.set(pixels);
  else unpack(pixels as Uint8Array, depth, width, data);
  return { width, height, data };
}

/** Unpacks several pixels per byte, the first in the highest bits; every row begins with a new byte. */
function unpack(packed: Uint8Array, depth: number, width: number, out: Uint8Array): void {
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  for (let i = 0; i < out.length; i++) {
    const x = i % width;
    const byte = packed[((i - x) / width) * rowBytes + Math.floor(x / perByte)]!;
    out[i] = (byte >> (8 - depth - (x % perByte) * depth)) & ((1 << depth) - 1);
  }
}

/**
 * Checks a mask PNG; returns its width, height and depth, and the PNG reduced to the chunks that hold pixels. The pixels are
 * unpacked once under a limit, because a small malicious file may unpack to gigabytes.
 */
function checkPng(
  bytes: Uint8Array,
  where: string,
): { essence: Uint8Array; width: number; height: number; depth: number } {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    png.length < 33 ||
    png.readUInt32BE(0) !== 0x89504e47 ||
    png.toString("latin1", 12, 16) !== "IHDR"
  ) {
    throw new UserError(`${where}: not a PNG; masks must be PNG files of class indices`);
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, colorType, interlaced] = [png[24]!, png[25]!, png[28] === 1];
  if (colorType !== 0 && colorType !== 3) {
    throw new UserError(
      `${where}: mask is ${colorTypes[colorType] ?? "of an unknown color type"}, expected a palette or gray PNG ` +
        "whose values are class indices (0 background, 255 ignore); convert its colors to indices",
    );
  }
  if (width * height === 0 || width * height > pixelLimit) {
    throw new UserError(`${where}: mask is ${width}x${height}; expected 1 to ${pixelLimit} pixels`);
  }
  if (interlaced && depth < 8) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${depth} bits, which is not supported; save it without interlacing`,
    );
  }
  const chunks = pixelChunks(png, where);
  const rowBytes = Math.ceil((width * depth) / 8);
  // Interlacing has filter bytes for the rows of each of its seven passes: at most 2 per row.
  const size = height * (rowBytes + (interlaced ? 2 : 1)) + (interlaced ? 7 : 0);
  try {
    const packed = Buffer.concat(
      chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data),
    );
    const unpacked = inflateSync(packed, { maxOutputLength: size }).length;
    if (unpacked < height * rowBytes)
      throw new Error(`${unpacked} bytes of pixels, expected ${size}`);
  } catch (error) {
    throw damaged(where, error);
  }
  const essence = Uint8Array.from(
    Buffer.concat([png.subarray(0, 8), ...chunks.map(({ whole }) => whole)]),
  );
  return { essence, width, height, depth };
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** The chunk including its length, type and checksum. */
  readonly whole: Buffer;
}

function pixelChunks(png: Buffer, where: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 8; ;) {
    if (at + 12 > png.length) throw damaged(where, new Error("it is cut short"));
    const end = at + 12 + png.readUInt32BE(at);
    if (end > png.length) throw damaged(where, new Error("it is cut short"));
    const type = png.toString("latin1", at + 4, at + 8);
    if (type === "IHDR" || type === "IDAT" || type === "IEND") {
      chunks.push({ type, data: png.subarray(at + 8, end - 4), whole: png.subarray(at, end) });
    }
    if (type === "IEND") return chunks;
    at = end;
  }
}

function damaged(where: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(`${where}: the PNG is damaged: ${reason}`, { cause: error });
}
