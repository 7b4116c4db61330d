import type { ImageSource, Thumbnail } from "../../codec.ts";
import type { Sharp } from "sharp";
import type { Image } from "../../../method/images/image.ts";
import { hasBitmapName, readBitmap } from "../../both/images/bitmap.ts";
import { sharp } from "./sharp.ts";
import { readBytes, unreadableImage } from "./unreadable.ts";

/** Makes a JPEG whose longer side is at most `side` pixels; smaller pictures keep their size. */
export async function makeThumbnail(
  picture: Image | ImageSource,
  side: number,
): Promise<Thumbnail> {
  try {
    const { data, info } = await open(await decodedBitmap(picture))
      .resize(side, side, { fit: "inside", withoutEnlargement: true })
      .jpeg({ quality: 80 })
      .toBuffer({ resolveWithObject: true });
    return { jpeg: data, width: info.width, height: info.height };
  } catch (error) {
    if (typeof picture !== "string" && "data" in picture) throw error;
    throw await unreadableImage(picture, error);
  }
}

/** The pixels of a picture that sharp cannot read; any other as it is. */
async function decodedBitmap(picture: Image | ImageSource): Promise<Image | ImageSource> {
  if (typeof picture !== "string") {
    return "bytes" in picture ? (readBitmap(picture.bytes)?.decode() ?? picture) : picture;
  }
  return hasBitmapName(picture)
    ? (readBitmap(await readBytes(picture))?.decode() ?? picture)
    : picture;
}

function open(picture: Image | ImageSource): Sharp {
  if (typeof picture === "string") return sharp(picture, { failOn: "error" });
  if ("bytes" in picture) return sharp(picture.bytes, { failOn: "error" });
  const { width, height, data } = picture;
  return sharp(data, { raw: { width, height, channels: 3 } });
}
