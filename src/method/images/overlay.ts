import { ignoreIndex, type Image, type LabelMap } from "./image.ts";
import { resizeLabels } from "./resize-labels.ts";

export type Color = readonly [red: number, green: number, blue: number];

/** Colors of the first classes, bright and distinct; VOC's own colors are too dark on photographs. */
const vivid: readonly Color[] = [
  [255, 75, 85],
  [0, 180, 110],
  [50, 125, 255],
  [255, 190, 20],
  [185, 85, 240],
  [0, 195, 225],
  [255, 130, 45],
  [240, 85, 180],
  [140, 205, 50],
  [115, 110, 240],
  [0, 150, 140],
  [195, 140, 90],
];

/** Color of a class in overlays; label 1 is the first class. */
export function overlayColor(label: number): Color {
  const listed = vivid[label - 1];
  if (listed) return listed;
  // Steps of the golden angle spread any number of hues; three lightnesses distinguish similar ones.
  const hue = (label * 137.508) % 360;
  return hslToRgb(hue, 0.75, [0.55, 0.42, 0.68][label % 3]!);
}

/** A color in CSS notation, such as `#ff4b55`. */
export function hexColor([red, green, blue]: Color): string {
  return `#${[red, green, blue].map((v) => v.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * Labels laid over their image: background is dimmed, classes are tinted and outlined in their color, and ignored
 * pixels are hatched in white.
 */
export function paintLabels(image: Image, labels: LabelMap): Image {
  checkSizes(image, labels);
  const { width, height, data: pixels } = image;
  const { data } = labels;
  const out = new Uint8Array(pixels.length);
  const line = Math.max(1, Math.round(Math.max(width, height) / 400));
  for (let y = 0, i = 0; y < height; y++) {
    // At the border of the image a pixel is compared with itself, so there is no outline.
    const up = y >= line ? line * width : 0;
    const down = y + line < height ? line * width : 0;
    for (let x = 0; x < width; x++, i++) {
      const label = data[i]!;
      let tint = dimmed;
      if (label === ignoreIndex) {
        // Stripes as wide as four outlines.
        tint = Math.floor((x + y) / (line * 4)) % 2 === 0 ? hatched : whitened;
      } else if (label !== 0) {
        const inside =
          data[i - up] === label &&
          data[i + down] === label &&
          (x < line || data[i - line] === label) &&
          (x + line >= width || data[i + line] === label);
        tint = (inside ? tinted : outlined)[label] ?? createTint(label, inside);
      }
      out[i * 3] = tint[pixels[i * 3]!]!;
      out[i * 3 + 1] = tint[256 + pixels[i * 3 + 1]!]!;
      out[i * 3 + 2] = tint[512 + pixels[i * 3 + 2]!]!;
    }
  }
  return { width, height, data: out };
}

/** Labels laid over an image that may be a smaller version of the one they belong to. */
export function paintScaledLabels(image: Image, labels: LabelMap): Image {
  const { width, height } = image;
  const isSmaller = width < labels.width || height < labels.height;
  return paintLabels(image, isSmaller ? resizeLabels(labels, width, height) : labels);
}

/** An activation map, 0..1, laid over its image as heat: dark at 0, then violet to yellow. */
export function paintHeat(
  image: Image,
  heat: { width: number; height: number; data: Float32Array },
): Image {
  checkSizes(image, heat);
  const out = new Uint8Array(image.data.length);
  for (let i = 0; i < heat.data.length; i++) {
    const value = Math.min(1, Math.max(0, heat.data[i]!)) || 0; // NaN counts as 0
    blend(image.data, out, i * 3, heatColor(value), 0.45 + 0.4 * Math.min(1, 2 * value));
  }
  return { width: image.width, height: image.height, data: out };
}

const black: Color = [0, 0, 0];
const white: Color = [255, 255, 255];
const heatStops: readonly Color[] = [black, [70, 20, 110], [175, 45, 100], [245, 115, 40], [255, 240, 120]]; // prettier-ignore

/** Blended values of the 256 levels of each channel, [3, 256]: looking them up is faster than blending. */
type Tint = Uint8Array;
const dimmed = tintOf(black, 0.45);
const hatched = tintOf(white, 0.8);
const whitened = tintOf(white, 0.5);
/** Tints by label, created on first use. */
const tinted: Tint[] = [];
const outlined: Tint[] = [];

function createTint(label: number, inside: boolean): Tint {
  const tint = tintOf(overlayColor(label), inside ? 0.6 : 1);
  (inside ? tinted : outlined)[label] = tint;
  return tint;
}

function tintOf(color: Color, opacity: number): Tint {
  const tint = new Uint8Array(3 * 256);
  const pixel = new Uint8Array(3);
  for (let level = 0; level < 256; level++) {
    blend(pixel.fill(level), pixel, 0, color, opacity);
    for (let c = 0; c < 3; c++) tint[c * 256 + level] = pixel[c]!;
  }
  return tint;
}

function heatColor(value: number): Color {
  const at = value * (heatStops.length - 1);
  const below = Math.min(Math.floor(at), heatStops.length - 2);
  const [a, b] = [heatStops[below]!, heatStops[below + 1]!];
  const mix = (channel: 0 | 1 | 2): number => a[channel] + (b[channel] - a[channel]) * (at - below);
  return [mix(0), mix(1), mix(2)];
}

function blend(from: Uint8Array, to: Uint8Array, at: number, color: Color, opacity: number): void {
  const rest = 1 - opacity;
  to[at] = from[at]! * rest + color[0] * opacity + 0.5;
  to[at + 1] = from[at + 1]! * rest + color[1] * opacity + 0.5;
  to[at + 2] = from[at + 2]! * rest + color[2] * opacity + 0.5;
}

function checkSizes(image: Image, map: { width: number; height: number }): void {
  if (image.width !== map.width || image.height !== map.height) {
    throw new RangeError(
      `overlay: the image is ${image.width}x${image.height}, its map ${map.width}x${map.height}`,
    );
  }
}

/** Hue in degrees, saturation and lightness in 0..1. */
function hslToRgb(hue: number, saturation: number, lightness: number): Color {
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    const swing = saturation * Math.min(lightness, 1 - lightness);
    return Math.round(255 * (lightness - swing * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
