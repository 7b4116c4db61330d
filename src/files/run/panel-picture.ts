import { resizeImage } from "../../method/images/resize-antialiased.ts";
import { resizeLabels } from "../../method/images/resize-labels.ts";
import type { Image, LabelMap } from "../../method/images/image.ts";
import type { ValidationPanel } from "../../method/eval/evaluator.ts";
import { paintHeat, paintLabels } from "../../method/images/overlay.ts";

/** The pictures of a panel and their captions. */
export const tileTitles = {
  image: "Image",
  cam: "CAM",
  affinityCam: "Affinity CAM",
  label: "Label",
  prediction: "Prediction",
  truth: "Truth",
} as const;

export type TileName = keyof typeof tileTitles;

/** Pictures of one size in a row, without captions: not every machine has fonts to draw them with. */
export interface PanelStrip {
  readonly image: Image;
  readonly tiles: readonly TileName[];
  readonly tileWidth: number;
}

/** Columns of white between two tiles. */
export const tileGap = 4;

/** Draws a validation image beside its maps and labels: image | CAM | affinity CAM | label | prediction | truth. */
export function composePanel(panel: ValidationPanel, longSide = 256): PanelStrip {
  const { width, height } = fit(panel.image, longSide);
  const image = resizeImage(panel.image, width, height);
  const paint = (labels: LabelMap): Image =>
    paintLabels(image, resizeLabels(labels, width, height));
  const tiles: [TileName, Image][] = [
    ["image", image],
    ["cam", paintHeat(image, resizeHeat(panel.heat, width, height))],
    ["affinityCam", paint(panel.affinityCam)],
    ["label", paint(panel.label)],
    ["prediction", paint(panel.prediction)],
  ];
  if (panel.truth) tiles.push(["truth", paint(panel.truth)]);
  const pictures = tiles.map(([, picture]) => picture);
  return {
    image: row(pictures, width, height),
    tiles: tiles.map(([name]) => name),
    tileWidth: width,
  };
}

function row(pictures: readonly Image[], tileWidth: number, height: number): Image {
  const width = pictures.length * (tileWidth + tileGap) - tileGap;
  const data = new Uint8Array(width * height * 3).fill(255);
  pictures.forEach((picture, i) => {
    for (let y = 0; y < height; y++) {
      const line = picture.data.subarray(y * tileWidth * 3, (y + 1) * tileWidth * 3);
      data.set(line, (y * width + i * (tileWidth + tileGap)) * 3);
    }
  });
  return { width, height, data };
}

/** The size of an image that is enlarged or shrunk to a long side. */
export function fit({ width, height }: Image, longSide: number): { width: number; height: number } {
  const scale = longSide / Math.max(width, height);
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: side(width), height: side(height) };
}

/** Resizes a heat map bilinearly, with pixel centers at half coordinates. */
function resizeHeat(
  heat: ValidationPanel["heat"],
  width: number,
  height: number,
): ValidationPanel["heat"] {
  const data = new Float32Array(width * height);
  const columns = taps(heat.width, width);
  const rows = taps(heat.height, height);
  for (let y = 0; y < height; y++) {
    const { below: top, above: bottom, weight: down } = rows[y]!;
    for (let x = 0; x < width; x++) {
      const { below: left, above: right, weight: across } = columns[x]!;
      const at = (row: number, column: number): number => heat.data[row * heat.width + column]!;
      const upper = at(top, left) * (1 - across) + at(top, right) * across;
      const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
      data[y * width + x] = upper * (1 - down) + lower * down;
    }
  }
  return { width, height, data };
}

/** For each output position, the two input positions around it and the weight of the second. */
function taps(from: number, to: number): { below: number; above: number; weight: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const below = Math.floor(position);
    return { below, above: Math.min(below + 1, from - 1), weight: position - below };
  });
}
