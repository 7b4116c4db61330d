import type { Image, LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { readBitmap } from "../../both/images/bitmap.ts";
import { decodeColorPng } from "../../both/images/color-png.ts";
import { readImageHeader } from "../../both/images/image-header.ts";
import { decodeIndexPng, encodeIndexPngInStrips } from "../../both/images/index-png.ts";
import { readPngHeader } from "../../both/images/png-chunks.ts";
import { notAnImage, pixelLimit, tooManyPixels } from "../../both/images/unreadable.ts";
import { bytesSource } from "../../byte-source.ts";
import {
  largePixels,
  type DecodeOptions,
  type EncodeOptions,
  type ImageCodec,
  type ImageHeader,
  type ImageSource,
  type Thumbnail,
} from "../../codec.ts";
import type { Store } from "../../store.ts";
import { bitmapOf, canvasOf, jpegOf, pixelsOf, type Scaled } from "./canvas.ts";
import { webZlib } from "./zlib.ts";

/**
 * Reads and writes images with the browser, and PNG, BMP and PPM without it. The pixels of a PNG are Node's to the bit. A
 * browser decodes JPEG, WebP and AVIF with a library and settings of its own: Chromium 156 gives three photographs of 640 pixels
 * as JPEG (4:2:0) exactly Node's pixels; others may not. Which formats there are is the browser's choice; most have no TIFF.
 *
 * A JPEG is written with the browser's choice of subsampling, and drawings can only be rendered in a page, not in a worker.
 * Browsers that protect against recognition by adding noise to what a canvas draws (Firefox with `resistFingerprinting`, Brave)
 * add it to all but PNG, BMP and PPM too.
 */
export function webCodec(store: Pick<Store, "open" | "read">): ImageCodec {
  const bytesOf = async (source: ImageSource): Promise<Uint8Array> => {
    const bytes = typeof source === "string" ? await store.read(source) : source.bytes;
    if (bytes.length === 0) throw new UserError(`${nameOf(source)}: the file is empty`);
    return bytes;
  };
  const decode = async (source: ImageSource, options?: DecodeOptions): Promise<Image> =>
    decodeImage(await bytesOf(source), nameOf(source), options);
  return {
    decode,
    async header(source) {
      const name = nameOf(source);
      const file = typeof source === "string" ? await store.open(source) : undefined;
      try {
        const found = await readImageHeader(file ?? bytesSource(await bytesOf(source), name));
        if (found) return checkSize(found);
        return await decodedHeader(await bytesOf(source));
      } catch (error) {
        throw notAnImage(name, error);
      } finally {
        await file?.close();
      }
    },
    async decodeLabels(source) {
      return decodeIndexPng(await bytesOf(source), nameOf(source), webZlib);
    },
    encode: encodeImage,
    encodeLabels: (labels: LabelMap) => encodeIndexPngInStrips(labels, webZlib),
    async thumbnail(source, side) {
      const isImage = typeof source !== "string" && "data" in source;
      return makeThumbnail(isImage ? source : await decode(source), side);
    },
    async rasterize(svg) {
      const { rasterize } = await import("./rasterize.ts");
      return rasterize(svg);
    },
  };
}

function nameOf(source: ImageSource): string {
  return typeof source === "string" ? source : source.name;
}

function checkSize(header: ImageHeader): ImageHeader {
  const { width, height } = header;
  if (width * height === 0) throw new Error("its size is not readable");
  if (width * height > pixelLimit) throw new Error(tooManyPixels);
  return header;
}

async function decodeImage(
  bytes: Uint8Array,
  where: string,
  { largeSide }: DecodeOptions = {},
): Promise<Image> {
  try {
    const whole = readPixels(bytes, where);
    if (whole) {
      if (largeSide === undefined || whole.width * whole.height <= largePixels) return whole;
      const smaller = scaled(whole, largeSide);
      return smaller ? pixelsOf(await bitmapOf(canvasOf(whole), smaller)) : whole;
    }
    const header = await readImageHeader(bytesSource(bytes, where));
    if (header) checkSize(header);
    const isLarge = header && header.width * header.height > largePixels;
    const size = isLarge && largeSide !== undefined ? scaled(header, largeSide) : undefined;
    return pixelsOf(await bitmapOf(blobOf(bytes), size));
  } catch (error) {
    throw notAnImage(where, error);
  }
}

/** Pixels of the formats that are read without the browser; undefined for all others. */
function readPixels(bytes: Uint8Array, where: string): Image | undefined {
  const png = readPngHeader(bytes);
  // The rare interlaced PNG of less than 8 bits is left to the browser.
  if (png && !(png.isInterlaced && png.depth < 8)) return decodeColorPng(bytes, where, webZlib);
  return readBitmap(bytes)?.decode();
}

/** Size and format of what has no header that is read here. */
async function decodedHeader(bytes: Uint8Array): Promise<ImageHeader> {
  const bitmap = readBitmap(bytes);
  if (bitmap) return { format: bitmap.format, width: bitmap.width, height: bitmap.height };
  const { width, height, close } = await sizeOf(bytes);
  close();
  return checkSize({ format: formatOf(bytes), width, height });
}

async function sizeOf(bytes: Uint8Array): Promise<Scaled & { close: () => void }> {
  const bitmap = await bitmapOf(blobOf(bytes));
  return { width: bitmap.width, height: bitmap.height, close: () => bitmap.close() };
}

/** Name of a format whose header is not read here. */
function formatOf(bytes: Uint8Array): string {
  const brand = String.fromCharCode(...bytes.subarray(4, 12));
  if (brand === "ftypavif" || brand === "ftypavis") return "avif";
  if (String.fromCharCode(...bytes.subarray(8, 12)) === "WEBP") return "webp";
  return "unknown";
}

function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

/** The size with this longer side; undefined if the image is not larger. */
function scaled({ width, height }: Scaled, side: number): Scaled | undefined {
  const factor = side / Math.max(width, height);
  if (factor >= 1) return undefined;
  const of = (length: number): number => Math.max(1, Math.round(length * factor));
  return { width: of(width), height: of(height) };
}

async function encodeImage(
  image: Image,
  format: "png" | "jpeg",
  { quality = 92 }: EncodeOptions = {},
): Promise<Uint8Array> {
  if (format === "jpeg") return jpegOf(canvasOf(image), quality);
  const { encode } = await import("fast-png");
  return encode({ ...image, channels: 3, depth: 8 });
}

async function makeThumbnail(image: Image, side: number): Promise<Thumbnail> {
  const size = scaled(image, side) ?? { width: image.width, height: image.height };
  const bitmap = await bitmapOf(canvasOf(image), size);
  const canvas = new OffscreenCanvas(size.width, size.height);
  canvas.getContext("2d", { alpha: false })!.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { jpeg: await jpegOf(canvas, 80), ...size };
}
