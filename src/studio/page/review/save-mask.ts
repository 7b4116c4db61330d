import type { LabelMap } from "../../../method/images/image.ts";

/** Offers a mask as a PNG file whose gray values are the labels, which any tool can read. */
export async function saveMaskFile({ width, height, data }: LabelMap, name: string): Promise<void> {
  const pixels = new ImageData(width, height);
  data.forEach((label, i) => {
    pixels.data.fill(label, 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  });
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
  const url = URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
