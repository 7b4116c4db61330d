import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { constants, crc32, createDeflate, deflateSync, inflateSync } from "node:zlib";
import { decode } from "fast-png";
import { vocPalette } from "../../../method/images/classes.ts";
import type { LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { largePixels } from "../../codec.ts";

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
export function encodeMask(labels: LabelMap): Uint8Array {
  checkLabels(labels);
  return pngOf(labels, deflateSync(rowsOfLabels(labels, 0, labels.height), packing));
}

/** As `encodeMask`; a large mask is packed in strips, which takes no second copy of it. */
export async function encodeMaskInStrips(labels: LabelMap): Promise<Uint8Array> {
  if (labels.data.length <= largePixels) return encodeMask(labels);
  checkLabels(labels);
  const packed = Readable.from(stripsOf(labels)).pipe(createDeflate(packing));
  return pngOf(labels, await buffer(packed));
}

// Labels come in runs of equal values: searching for runs alone is ten times faster than a full search at its fastest level,
// and the file no larger.
const packing = { strategy: constants.Z_RLE };

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

function pngOf({ width, height }: LabelMap, packed: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // bit depth, color type: palette
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

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

/**
 * Decodes the labels of a mask PNG: the raw indices of a palette PNG, or the values of a gray one. Anything else is a
 * UserError. A PNG that is not interlaced takes no more memory than its rows.
 * @param where beginning of error messages
 */
export function decodeMask(bytes: Uint8Array, where: string): LabelMap {
  const header = checkHeader(bytes, where);
  const chunks = pixelChunks(bytes, where);
  const { width, height, depth } = header;
  const pixels = header.isInterlaced
    ? passesOf(header, chunks, where)
    : rowsOf(header, chunks, where);
  if (depth === 8) return { width, height, data: pixels };
  const data = new Uint8Array(width * height);
  if (depth < 8) unpack(pixels, depth, width, data);
  else takeLowBytes(pixels, data, where);
  return { width, height, data };
}

/** The rows of a PNG one after the other. */
function rowsOf(header: Header, chunks: readonly Chunk[], where: string): Uint8Array {
  const { height, depth, rowBytes } = header;
  const size = height * (rowBytes + 1);
  let rows: Uint8Array;
  try {
    rows = inflated(chunks, size);
    if (rows.length < size) throw new Error(`${rows.length} bytes of pixels, expected ${size}`);
    unfilter(rows, header, depth === 16 ? 2 : 1);
  } catch (error) {
    throw damaged(where, error);
  }
  const pixels = rows.subarray(0, height * rowBytes);
  // A copy has a buffer of its own, for which a large mask has no room.
  return pixels.length > largePixels ? pixels : pixels.slice();
}

/** The unpacked content of the pixel chunks, in one buffer: a small malicious file may unpack to gigabytes. */
function inflated(chunks: readonly Chunk[], size: number): Uint8Array {
  const packed = Buffer.concat(chunks.flatMap(({ type, data }) => (type === "IDAT" ? [data] : [])));
  // A chunk as large as all that may come is filled in place; smaller ones would be joined in a second buffer.
  const rows = inflateSync(packed, { maxOutputLength: size, chunkSize: size + 64 });
  return new Uint8Array(rows.buffer, rows.byteOffset, rows.length);
}

/** Undoes the filters of all rows and moves them together, in place: each row loses the byte that names its filter. */
function unfilter(rows: Uint8Array, { height, rowBytes }: Header, step: number): void {
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
function passesOf(header: Header, chunks: readonly Chunk[], where: string): Uint8Array {
  const { width, height, depth, rowBytes } = header;
  if (width * height > largePixels) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${width}x${height}, of which at most ${largePixels} pixels are read; save it without interlacing`,
    );
  }
  try {
    // Rows of each of the seven passes have a filter byte: at most 2 per row.
    const size = height * (rowBytes + 2) + 7;
    const unpacked = inflated(chunks, size).length;
    if (unpacked < height * rowBytes) {
      throw new Error(`${unpacked} bytes of pixels, expected ${size}`);
    }
    const whole = Buffer.concat([signature, ...chunks.map((chunk) => chunk.whole)]);
    const pixels = decode(Uint8Array.from(whole), { checkCrc: true }).data;
    if (depth === 8) return Uint8Array.from(pixels);
    // As a file stores them, the high byte first.
    return Uint8Array.from(Buffer.from(Uint16Array.from(pixels).buffer).swap16());
  } catch (error) {
    throw damaged(where, error);
  }
}

/** Labels of 16 bits, whose high bytes must be 0. */
function takeLowBytes(pixels: Uint8Array, out: Uint8Array, where: string): void {
  for (let i = 0; i < out.length; i++) {
    const value = (pixels[2 * i]! << 8) | pixels[2 * i + 1]!;
    if (value > 255) throw new UserError(`${where}: mask has label ${value}; labels go up to 255`);
    out[i] = value;
  }
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

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly isInterlaced: boolean;
  readonly rowBytes: number;
}

/** Checks the header of a mask PNG. */
function checkHeader(bytes: Uint8Array, where: string): Header {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (
    png.length < 33 ||
    png.readUInt32BE(0) !== 0x89504e47 ||
    png.toString("latin1", 12, 16) !== "IHDR"
  ) {
    throw new UserError(`${where}: not a PNG; masks must be PNG files of class indices`);
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, colorType, isInterlaced] = [png[24]!, png[25]!, png[28] === 1];
  if (colorType !== 0 && colorType !== 3) {
    throw new UserError(
      `${where}: mask is ${colorTypes[colorType] ?? "of an unknown color type"}, expected a palette or gray PNG ` +
        "whose values are class indices (0 background, 255 ignore); convert its colors to indices",
    );
  }
  if (![1, 2, 4, 8, 16].includes(depth)) {
    throw damaged(where, new Error(`it has ${depth} bits a pixel`));
  }
  if (width * height === 0 || width * height > pixelLimit) {
    throw new UserError(`${where}: mask is ${width}x${height}; expected 1 to ${pixelLimit} pixels`);
  }
  if (isInterlaced && depth < 8) {
    throw new UserError(
      `${where}: is an interlaced PNG of ${depth} bits, which is not supported; save it without interlacing`,
    );
  }
  return { width, height, depth, isInterlaced, rowBytes: Math.ceil((width * depth) / 8) };
}

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** The chunk including its length, type and checksum. */
  readonly whole: Buffer;
}

/** The chunks that hold pixels, with right checksums. */
function pixelChunks(bytes: Uint8Array, where: string): Chunk[] {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; ;) {
    if (at + 12 > png.length) throw damaged(where, new Error("it is cut short"));
    const end = at + 12 + png.readUInt32BE(at);
    if (end > png.length) throw damaged(where, new Error("it is cut short"));
    const type = png.toString("latin1", at + 4, at + 8);
    if (type === "IHDR" || type === "IDAT" || type === "IEND") {
      if (crc32(png.subarray(at + 4, end - 4)) !== png.readUInt32BE(end - 4)) {
        throw damaged(where, new Error(`the checksum of its ${type} chunk is wrong`));
      }
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
