import type { Sharp } from "sharp";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import type { WriteOptions } from "../../store.ts";
import {
  largePixels,
  type DecodeOptions,
  type EncodeOptions,
  type ImageCodec,
  type ImageHeader,
  type ImageSource,
} from "../../codec.ts";
import { writeFileAtomic } from "../files/atomic-file.ts";
import { hasBitmapName, readBitmap, type Bitmap } from "../../both/images/bitmap.ts";
import { pixelLimit } from "../../both/images/unreadable.ts";
import { readBytes, unreadableImage } from "./unreadable.ts";

/**
 * Reads and writes images with sharp and label maps with fast-png. Both are loaded on first use: most commands start sooner
 * without them.
 */
export const nodeCodec: ImageCodec = {
  header: imageHeader,
  decode: (source, options) =>
    typeof source === "string"
      ? readImage(source, options)
      : decodeImage(source.bytes, source.name, options),
  decodeLabels: async (source) => {
    if (typeof source === "string") return readMask(source);
    const { decodeMask } = await indexPng();
    return decodeMask(source.bytes, source.name);
  },
  encode: encodeImage,
  encodeLabels: async (labels) => {
    const { encodeMaskInStrips } = await indexPng();
    return encodeMaskInStrips(labels);
  },
  thumbnail: async (source, side) => {
    const { makeThumbnail } = await import("./thumbnail.ts");
    return makeThumbnail(source, side);
  },
  rasterize: async (svg) => {
    const { rasterize } = await import("./rasterize.ts");
    return rasterize(svg);
  },
};

function indexPng(): Promise<typeof import("./index-png.ts")> {
  return import("./index-png.ts");
}

/** Reads the size and format from the first bytes of a file or of memory, without decoding. */
async function imageHeader(source: ImageSource): Promise<ImageHeader> {
  try {
    const bitmap = await bitmapOf(source);
    if (bitmap) return { format: bitmap.format, width: bitmap.width, height: bitmap.height };
    const picture = await load(typeof source === "string" ? source : source.bytes);
    return checkHeader(await picture.metadata());
  } catch (error) {
    throw await unreadableImage(source, error);
  }
}

/**
 * Decodes any image to upright 8-bit RGB: gray repeated, CMYK and 16 bits converted, transparency laid over black (the color
 * of padding), EXIF orientation applied, first frame of an animation. Embedded RGB profiles are ignored, as in the published
 * loader.
 * @param where beginning of error messages
 */
export async function decodeImage(
  bytes: Uint8Array,
  where: string,
  { largeSide }: DecodeOptions = {},
): Promise<Image> {
  try {
    const bitmap = readBitmap(bytes);
    if (bitmap) return bitmap.decode();
    const picture = await load(bytes);
    const { width, height } = checkHeader(await picture.metadata());
    if (largeSide !== undefined && width * height > largePixels) {
      picture.resize(largeSide, largeSide, { fit: "inside", withoutEnlargement: true });
    }
    const { data, info } = await picture
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: rgb(data, info.channels) };
  } catch (error) {
    throw await unreadableImage({ bytes, name: where }, error);
  }
}

/** Decodes an image file, see `decodeImage`. */
export async function readImage(path: string, options?: DecodeOptions): Promise<Image> {
  return decodeImage(await readBytes(path), path, options);
}

/** Reads the labels of a mask file, see `decodeMask`. */
export async function readMask(path: string): Promise<LabelMap> {
  const [bytes, { decodeMask }] = [await readBytes(path), await indexPng()];
  return decodeMask(bytes, path);
}

/** Encodes an image as a PNG or JPEG file. */
export async function encodeImage(
  image: Image,
  format: "png" | "jpeg",
  { quality = 92, subsampled = false }: EncodeOptions = {},
): Promise<Uint8Array> {
  const { sharp } = await import("./sharp.ts");
  const { width, height, data } = image;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return format === "png"
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality, chromaSubsampling: subsampled ? "4:2:0" : "4:4:4" }).toBuffer();
}

/** Writes an image as PNG or JPEG, according to the ending of the path. */
export async function writeImage(
  path: string,
  image: Image,
  { quality, ...options }: WriteOptions & { quality?: number } = {},
): Promise<void> {
  const format = /\.png$/i.test(path) ? "png" : /\.jpe?g$/i.test(path) ? "jpeg" : undefined;
  if (!format)
    throw new UserError(
      `${path}: images can only be written as .png or .jpg; change the ending of the name`,
    );
  const bytes = await encodeImage(image, format, quality === undefined ? {} : { quality });
  await writeFileAtomic(path, bytes, options);
}

/** Writes labels as a PNG with VOC's palette. */
export async function writeMask(
  path: string,
  labels: LabelMap,
  options?: WriteOptions,
): Promise<void> {
  const { encodeMask } = await indexPng();
  await writeFileAtomic(path, encodeMask(labels), options);
}

async function load(source: Uint8Array | string): Promise<Sharp> {
  const { sharp } = await import("./sharp.ts");
  return sharp(source, { failOn: "error", limitInputPixels: pixelLimit, ignoreIcc: true });
}

/** The picture in a format of its own reader; files are only looked into if their name tells so. */
async function bitmapOf(source: ImageSource): Promise<Bitmap | undefined> {
  if (typeof source !== "string") return readBitmap(source.bytes);
  return hasBitmapName(source) ? readBitmap(await readBytes(source)) : undefined;
}

function checkHeader(metadata: Awaited<ReturnType<Sharp["metadata"]>>): ImageHeader {
  const { format, width, height, autoOrient, orientation = 1 } = metadata;
  // Drawings (SVG, PDF) are programs that may read other files, and have no pixels of their own.
  if (!format || !width || !height || format === "svg" || format === "pdf") {
    throw new Error(
      `its format is ${format ?? "unknown"}, expected JPEG, PNG, WebP, TIFF, GIF, AVIF, BMP or PPM`,
    );
  }
  return {
    format,
    width: autoOrient?.width ?? width,
    height: autoOrient?.height ?? height,
    ...(orientation > 1 && { turned: true }),
  };
}

/** Repeats a single gray channel three times. */
function rgb(data: Buffer, channels: number): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (channels === 3) return bytes;
  const out = new Uint8Array((bytes.length / channels) * 3);
  for (let i = 0, at = 0; i < bytes.length; i += channels, at += 3) out.fill(bytes[i]!, at, at + 3);
  return out;
}
