import type { Image } from "../../../method/images/image.ts";

/** A size in pixels. */
export interface Scaled {
  readonly width: number;
  readonly height: number;
}

/** A picture as the browser decodes it: upright, in the colors that are stored. An Error in words if it cannot. */
export async function bitmapOf(
  source: Blob | OffscreenCanvas,
  size?: Scaled,
): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source, {
      colorSpaceConversion: "none",
      premultiplyAlpha: "none",
      imageOrientation: "from-image",
      ...(size && { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: "high" }),
    });
  } catch (error) {
    const reason =
      "this browser cannot decode it: it is damaged, or in a format that the browser lacks; save it as PNG or JPEG";
    throw new Error(reason, { cause: error });
  }
}

/** The pixels of a picture over black; closes it. */
export function pixelsOf(bitmap: ImageBitmap): Image {
  const { width, height } = bitmap;
  const context = contextOf(width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const out = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = data[from]!;
    out[to + 1] = data[from + 1]!;
    out[to + 2] = data[from + 2]!;
  }
  return { width, height, data: out };
}

/** A canvas that shows an image. */
export function canvasOf({ width, height, data }: Image): OffscreenCanvas {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    pixels[to] = data[from]!;
    pixels[to + 1] = data[from + 1]!;
    pixels[to + 2] = data[from + 2]!;
  }
  const context = contextOf(width, height);
  context.putImageData(new ImageData(pixels, width, height), 0, 0);
  return context.canvas;
}

/** What a canvas shows, as a JPEG. @param quality 1..100 */
export async function jpegOf(canvas: OffscreenCanvas, quality: number): Promise<Uint8Array> {
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: quality / 100 });
  return new Uint8Array(await blob.arrayBuffer());
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  // Without an alpha channel, everything is laid over black. Canvases that are read often stay out of the graphics card.
  const options = { alpha: false, willReadFrequently: true } as const;
  const context = new OffscreenCanvas(width, height).getContext("2d", options);
  if (!context)
    throw new Error(`a picture of ${width}x${height} is larger than this browser can draw`);
  return context;
}
