import type { Image } from "../../../method/images/image.ts";

/** Orientation in Exif data (TIFF, from its byte order on), 1..8; 1 where it has none or is damaged. */
export function exifOrientation(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  if (exif.length < 14) return 1;
  const isLittle = exif[0] === 0x49;
  const folder = view.getUint32(4, isLittle);
  if (folder + 2 > exif.length) return 1;
  const entries = view.getUint16(folder, isLittle);
  for (let i = 0; i < entries; i++) {
    const at = folder + 2 + 12 * i;
    if (at + 12 > exif.length) return 1;
    if (view.getUint16(at, isLittle) !== 0x0112) continue;
    const value = view.getUint16(at + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** Whether width and height change places when an image of this orientation is turned upright. */
export function isSideways(orientation: number): boolean {
  return orientation >= 5;
}

/** Turns and mirrors an image so that it is seen as Exif's orientation tells. */
export function turnUpright(image: Image, orientation: number): Image {
  if (orientation === 1) return image;
  const { width: w, height: h, data } = image;
  const [width, height] = isSideways(orientation) ? [h, w] : [w, h];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // The stored pixel that is seen at (x, y).
      const along = isSideways(orientation) ? y : x;
      const down = isSideways(orientation) ? x : y;
      const fromX = [2, 3, 7, 8].includes(orientation) ? w - 1 - along : along;
      const fromY = [3, 4, 6, 7].includes(orientation) ? h - 1 - down : down;
      const from = 3 * (fromY * w + fromX);
      out.set(data.subarray(from, from + 3), 3 * (y * width + x));
    }
  }
  return { width, height, data: out };
}
