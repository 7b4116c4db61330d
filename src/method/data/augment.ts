import type { Random } from "../../engine/random.ts";
import { resizeWindow } from "../images/resize-antialiased.ts";
import { ignoreIndex, type Image, type LabelMap } from "../images/image.ts";
import { resizeLabelsWindow } from "../images/resize-labels.ts";

/** Settings of the augmentation (method 2.2). */
export interface AugmentOptions {
  /** Side of the square crop, in pixels. */
  readonly crop: number;
  /** Range of the random scale, [0.5, 2] in the paper (AFA 4.1). */
  readonly scaleRange: readonly [number, number];
  /** Probability of a horizontal flip. */
  readonly flip: number;
  /** Long side to which larger images are shrunk before the random scale; without it all keep their size. */
  readonly maxSide?: number;
}

export interface Augmented {
  /** [crop, crop, 3], 0..255, padding 0 */
  readonly data: Uint8Array;
  /** [y0, y1, x0, x1], half-open: the part of the crop that is image and not padding. */
  readonly box: readonly [number, number, number, number];
  /** Labels of the mask, if there is one, [crop, crop]; 255 outside the box. */
  readonly mask?: Uint8Array;
}

/**
 * Scales an image at random, flips it or not, pads it at a random offset to at least the crop, and crops it at random
 * (method 2.2).
 * @param mask labels of the image's pixels, which are treated alike; enlarged and shrunk without mixing labels
 */
export function augment(
  image: Image,
  random: Random,
  options: AugmentOptions,
  mask?: LabelMap,
): Augmented {
  const { crop, scaleRange, flip, maxSide } = options;
  const shrink = maxSide ? Math.min(1, maxSide / Math.max(image.width, image.height)) : 1;
  const scale = shrink * random.uniform(scaleRange[0], scaleRange[1]);
  const width = Math.max(1, Math.floor(image.width * scale));
  const height = Math.max(1, Math.floor(image.height * scale));
  const flipped = random.chance(flip);
  const vertical = place(height, crop, random);
  const horizontal = place(width, crop, random);

  // The flip comes before the crop, so the window into the unflipped image is mirrored.
  const columns = horizontal.to - horizontal.from;
  const x = flipped ? width - horizontal.from - columns : horizontal.from;
  const rows = vertical.to - vertical.from;
  const window = { x, y: vertical.from, width: columns, height: rows };
  const part = resizeWindow(image, width, height, window);
  const data = new Uint8Array(crop * crop * 3);
  for (let y = 0; y < rows; y++) {
    const row = part.data.subarray(y * columns * 3, (y + 1) * columns * 3);
    const out = ((vertical.at + y) * crop + horizontal.at) * 3;
    if (flipped) mirror(row, data, out);
    else data.set(row, out);
  }
  const box = [vertical.at, vertical.at + rows, horizontal.at, horizontal.at + columns] as const;
  if (!mask) return { data, box };
  const labels = resizeLabelsWindow(mask, width, height, window).data;
  const known = new Uint8Array(crop * crop).fill(ignoreIndex);
  for (let y = 0; y < rows; y++) {
    const row = labels.subarray(y * columns, (y + 1) * columns);
    known.set(flipped ? row.reverse() : row, (vertical.at + y) * crop + horizontal.at);
  }
  return { data, box, mask: known };
}

/** Random placement along one axis: the part [from, to) of the image, and its start `at` in the crop. */
function place(
  length: number,
  crop: number,
  random: Random,
): { from: number; to: number; at: number } {
  const padded = Math.max(length, crop);
  const offset = random.int(padded - length + 1);
  const start = random.int(padded - crop + 1);
  // One of the two is always 0: an image is either padded or cropped along an axis.
  return { from: start, to: Math.min(length, start + crop), at: offset };
}

/** Copies a row of pixels in reverse order. */
function mirror(row: Uint8Array, out: Uint8Array, at: number): void {
  for (let i = row.length - 3; i >= 0; i -= 3, at += 3) {
    out[at] = row[i]!;
    out[at + 1] = row[i + 1]!;
    out[at + 2] = row[i + 2]!;
  }
}
