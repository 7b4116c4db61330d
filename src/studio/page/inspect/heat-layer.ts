import { PictureLayer } from "../canvas/layer.ts";

/**
 * Values as one color that shows the more the higher they are.
 * @param values 0..255, [height, width]
 * @param color #rrggbb
 */
export function heatLayer(
  values: ArrayLike<number>,
  { width, height }: { readonly width: number; readonly height: number },
  color: string,
): PictureLayer {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d")!;
  const pixels = context.createImageData(width, height);
  const rgb = Number.parseInt(color.slice(1), 16);
  for (let i = 0, p = 0; i < width * height; i++) {
    pixels.data[p++] = rgb >> 16;
    pixels.data[p++] = (rgb >> 8) & 255;
    pixels.data[p++] = rgb & 255;
    pixels.data[p++] = values[i]!;
  }
  context.putImageData(pixels, 0, 0);
  return new PictureLayer(canvas);
}
