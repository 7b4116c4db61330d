import type { EncodeOptions, ImageHeader, ImageSource } from "../../codec.ts";
import { readFile } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import type { Image, LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import type { WriteOptions } from "../../store.ts";
import { writeFileAtomic } from "../files/atomic-file.ts";
import { describeFileError } from "../files/file-error.ts";
import { decodeMask, encodeMask } from "./index-png.ts";

export { decodeMask, encodeMask } from "./index-png.ts";

/** Largest number of pixels of an image; as 8-bit RGB they take 600 MB. */
const pixelLimit = 200_000_000;

// Every image is decoded once: libvips' cache would only cost memory.
sharp.cache(false);

/**
 * Decodes any image to upright 8-bit RGB: gray repeated, CMYK and 16 bits converted, transparency laid over black (the color
 * of padding), EXIF orientation applied, first frame of an animation. Embedded RGB profiles are ignored, as in the published
 * loader.
 * @param where beginning of error messages
 */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<Image> {
  try {
    const picture = load(bytes);
    checkHeader(await picture.metadata());
    const { data, info } = await picture
      .autoOrient()
      .flatten({ background: "#000000" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: rgb(data, info.channels) };
  } catch (error) {
    throw unreadable(where, error);
  }
}

/** Decodes an image file, see `decodeImage`. */
export async function readImage(path: string): Promise<Image> {
  return decodeImage(await readBytes(path), path);
}

/** Size and format from the first bytes of a file, without decoding it. */
export async function readImageHeader(path: string): Promise<ImageHeader> {
  return imageHeader(path);
}

/** Size and format from the first bytes of a file or of memory, without decoding. */
export async function imageHeader(source: ImageSource): Promise<ImageHeader> {
  try {
    return checkHeader(await load(typeof source === "string" ? source : source.bytes).metadata());
  } catch (error) {
    throw await unreadableImage(source, error);
  }
}

/** The UserError for an image that sharp cannot open or decode. */
export async function unreadableImage(source: ImageSource, error: unknown): Promise<UserError> {
  return typeof source === "string"
    ? unreadable(source, await clearer(source, error))
    : unreadable(source.name, error);
}

/** Labels of a mask file, see `decodeMask`. */
export async function readMask(path: string): Promise<LabelMap> {
  return decodeMask(await readBytes(path), path);
}

/** Writes labels as a PNG with VOC's palette. */
export async function writeMask(
  path: string,
  labels: LabelMap,
  options?: WriteOptions,
): Promise<void> {
  await writeFileAtomic(path, encodeMask(labels), options);
}

/** An image as the bytes of a PNG or JPEG file. */
export async function encodeImage(
  image: Image,
  format: "png" | "jpeg",
  { quality = 92, subsampled = false }: EncodeOptions = {},
): Promise<Uint8Array> {
  const { width, height, data } = image;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  return format === "png"
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality, chromaSubsampling: subsampled ? "4:2:0" : "4:4:4" }).toBuffer();
}

/** Writes an image as PNG or JPEG, by the ending of the path. */
export async function writeImage(
  path: string,
  image: Image,
  { quality, ...options }: WriteOptions & { quality?: number } = {},
): Promise<void> {
  const format = /\.png$/i.test(path) ? "png" : /\.jpe?g$/i.test(path) ? "jpeg" : undefined;
  if (!format) throw new UserError(`${path}: images are written as .png or .jpg`);
  await writeFileAtomic(
    path,
    await encodeImage(image, format, quality === undefined ? {} : { quality }),
    options,
  );
}

function load(source: Uint8Array | string): Sharp {
  return sharp(source, { failOn: "error", limitInputPixels: pixelLimit, ignoreIcc: true });
}

function checkHeader(metadata: Awaited<ReturnType<Sharp["metadata"]>>): ImageHeader {
  const { format, width, height, autoOrient } = metadata;
  // Drawings (SVG, PDF) are programs that may read other files, and have no pixels of their own.
  if (!format || !width || !height || format === "svg" || format === "pdf") {
    throw new Error(
      `its format is ${format ?? "unknown"}, expected JPEG, PNG, WebP, TIFF, GIF or AVIF`,
    );
  }
  return { format, width: autoOrient?.width ?? width, height: autoOrient?.height ?? height };
}

/** Repeats a single gray channel three times. */
function rgb(data: Buffer, channels: number): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (channels === 3) return bytes;
  const out = new Uint8Array((bytes.length / channels) * 3);
  for (let i = 0, at = 0; i < bytes.length; i += channels, at += 3) out.fill(bytes[i]!, at, at + 3);
  return out;
}

async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UserError(`${path}: cannot be read: ${describeFileError(error)}`, { cause: error });
  }
  if (bytes.length === 0) throw new UserError(`${path}: the file is empty`);
  return bytes;
}

/** A clearer error: libvips only says that it cannot open a file, reading it says why. */
async function clearer(path: string, error: unknown): Promise<unknown> {
  try {
    await readBytes(path);
    return error;
  } catch (why) {
    return why;
  }
}

function unreadable(where: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const reason = /unsupported image format/i.test(text)
    ? "its content is in no known image format"
    : /exceeds pixel limit/i.test(text)
      ? `it has more than ${pixelLimit / 1e6} million pixels`
      : /^unknown error/i.test(text)
        ? "it is damaged or cut short"
        : text.replace(/^Input (buffer|file) ?/, "").split("\n")[0]!;
  return new UserError(`${where}: not a readable image: ${reason}`, { cause: error });
}
