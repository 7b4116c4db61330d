import type { ImageSource, Thumbnail } from "../../codec.ts";
import sharp, { type Sharp } from "sharp";
import type { Image } from "../../../method/images/image.ts";

/** Longer side of a thumbnail, in pixels. */
export const thumbnailSide = 288;
/** Name of the folder of thumbnails, inside the folder of masks. */
export const thumbnailFolder = "thumbnails";

/** Shrinks an image for a contact sheet; smaller ones keep their size. @param picture pixels or a file */
export async function makeThumbnail(
  picture: Image | ImageSource,
  side: number,
): Promise<Thumbnail> {
  const { data, info } = await open(picture)
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 80 })
    .toBuffer({ resolveWithObject: true });
  return { jpeg: data, width: info.width, height: info.height };
}

function open(picture: Image | ImageSource): Sharp {
  if (typeof picture === "string") return sharp(picture, { failOn: "error" });
  if ("bytes" in picture) return sharp(picture.bytes, { failOn: "error" });
  const { width, height, data } = picture;
  return sharp(data, { raw: { width, height, channels: 3 } });
}
