import type { ByteSource } from "../../byte-source.ts";
import type { ImageHeader } from "../../codec.ts";
import { exifOrientation, isSideways } from "./orientation.ts";
import { readPngHeader } from "./png-chunks.ts";
import { cutShort } from "./unreadable.ts";

/** Bytes that most headers lie in. */
const startBytes = 64;

/**
 * Size and format by the first bytes of a JPEG, PNG, GIF or WebP, read piece by piece; undefined for other formats, and for files
 * whose orientation stands elsewhere. An Error for a damaged JPEG.
 */
export async function readImageHeader(source: ByteSource): Promise<ImageHeader | undefined> {
  const start = await source.read(0, Math.min(startBytes, source.size));
  if (start[0] === 0xff && start[1] === 0xd8) return jpegHeader(source);
  const png = readPngHeader(start);
  // The orientation of a PNG may stand anywhere before its end.
  if (png) return { format: "png", ...upright(png, await pngOrientation(source)) };
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (/^GIF8[79]a/.test(textOf(start, 0, 6)) && start.length >= 10) {
    return { format: "gif", width: view.getUint16(6, true), height: view.getUint16(8, true) };
  }
  if (textOf(start, 0, 4) === "RIFF" && textOf(start, 8, 12) === "WEBP" && start.length >= 30) {
    const size = webpSize(start, view);
    return size && { format: "webp", ...size };
  }
  return undefined;
}

type Size = Pick<ImageHeader, "width" | "height">;

/** The upright size, and whether the pixels are stored otherwise. */
function upright({ width, height }: Size, orientation: number): Omit<ImageHeader, "format"> {
  const size = isSideways(orientation) ? { width: height, height: width } : { width, height };
  return { ...size, ...(orientation > 1 && { turned: true }) };
}

/** Walks over the segments of a JPEG up to its frame. */
async function jpegHeader(source: ByteSource): Promise<ImageHeader> {
  let orientation = 1;
  for (let at = 2; at + 4 <= source.size;) {
    const head = await source.read(at, Math.min(12, source.size - at));
    if (head[0] !== 0xff) break;
    const marker = head[1]!;
    // Fill bytes, and markers that stand alone.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xda || marker === 0xd9) break;
    else {
      const length = (head[2]! << 8) | head[3]!;
      if (isFrame(marker) && head.length >= 9) {
        const [height, width] = [(head[5]! << 8) | head[6]!, (head[7]! << 8) | head[8]!];
        return { format: "jpeg", ...upright({ width, height }, orientation) };
      }
      const end = at + 2 + length;
      if (marker === 0xe1 && textOf(head, 4, 8) === "Exif" && end <= source.size && length > 8) {
        orientation = exifOrientation(await source.read(at + 10, length - 8));
      }
      at = end;
    }
  }
  throw new Error(cutShort);
}

/** Whether a segment begins a frame: those of Huffman tables, extensions and arithmetic coding have numbers between. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The orientation of a PNG, in a chunk of its own. */
async function pngOrientation(source: ByteSource): Promise<number> {
  for (let at = 8; at + 12 <= source.size;) {
    const head = await source.read(at, 8);
    const length = new DataView(head.buffer, head.byteOffset, 8).getUint32(0);
    const type = textOf(head, 4, 8);
    if (type === "eXIf" && at + 8 + length <= source.size) {
      return exifOrientation(await source.read(at + 8, length));
    }
    if (type === "IEND") break;
    at += 12 + length;
  }
  return 1;
}

/** The size in the first chunk of a WebP; undefined if it has Exif data, which stand at its end. */
function webpSize(start: Uint8Array, view: DataView): Size | undefined {
  const kind = textOf(start, 12, 16);
  if (kind === "VP8 ") {
    const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    return { width, height };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  const hasExif = (start[20]! & 8) !== 0;
  if (kind !== "VP8X" || hasExif) return undefined;
  const of3 = (at: number): number => start[at]! | (start[at + 1]! << 8) | (start[at + 2]! << 16);
  return { width: of3(24) + 1, height: of3(27) + 1 };
}

function textOf(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
