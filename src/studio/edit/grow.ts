import { flood } from "./flood.ts";
import type { TakeSpan } from "./spans.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How strongly each pixel belongs to a clicked token, 0..1, on the image's own grid or a coarser one. */
export interface Scores extends Size {
  readonly data: Float32Array;
}

/** Colors of the image at the size of the scores, [height, width, 4], as a canvas reads them. */
export interface Colors extends Size {
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** Most pixels of the grid of scores, so that they are there at once for large images as well. */
const mostScores = 1 << 19;

/** Differences of colors, as a sum of squares over the channels, beyond which a token hardly counts for a pixel. */
const colorSpread = 2 * 40 ** 2;

/** Size at which scores are computed for an image. */
export function scoreSize({ width, height }: Size): Size {
  const step = Math.max(1, Math.sqrt((width * height) / mostScores));
  return {
    width: Math.max(1, Math.round(width / step)),
    height: Math.max(1, Math.round(height / step)),
  };
}

/**
 * Brings the affinity of tokens to pixels: each pixel takes that of the four tokens around it, the more the nearer they are and
 * the more they have its color, so that the region ends at the edges of the image and not at those of tokens.
 * @param affinity of the clicked token with each, [height, width] of `tokens`
 */
export function spreadToPixels(affinity: Float32Array, tokens: Size, colors: Colors): Scores {
  const { width, height, data } = colors;
  const means = meanColors(colors, tokens);
  const scores = new Float32Array(width * height);
  const columns = Array.from({ length: width }, (_, x) => between(x, width, tokens.width));
  for (let y = 0, i = 0; y < height; y++) {
    const row = between(y, height, tokens.height);
    for (let x = 0; x < width; x++, i++) {
      const column = columns[x]!;
      let sum = 0;
      let weights = 0;
      for (let k = 0; k < 4; k++) {
        const isLower = k >= 2;
        const isRight = k % 2 === 1;
        const token =
          (isLower ? row.after : row.before) * tokens.width +
          (isRight ? column.after : column.before);
        const near =
          (isLower ? row.share : 1 - row.share) * (isRight ? column.share : 1 - column.share);
        const red = data[4 * i]! - means[3 * token]!;
        const green = data[4 * i + 1]! - means[3 * token + 1]!;
        const blue = data[4 * i + 2]! - means[3 * token + 2]!;
        // Rational instead of exponential: as good, and several times faster.
        const far = (red * red + green * green + blue * blue) / colorSpread;
        const weight = near / (1 + far * far);
        sum += weight * affinity[token]!;
        weights += weight;
      }
      scores[i] = weights > 0 ? sum / weights : 0;
    }
  }
  return { width, height, data: scores };
}

/** The two tokens of a row or column between whose centers a pixel lies, and the share of the second. */
function between(pixel: number, pixels: number, tokens: number) {
  const at = Math.min(tokens - 1, Math.max(0, ((pixel + 0.5) * tokens) / pixels - 0.5));
  const before = Math.floor(at);
  return { before, after: Math.min(tokens - 1, before + 1), share: at - before };
}

/** Mean color of the pixels of each token, [tokens, 3]. */
function meanColors({ width, height, data }: Colors, tokens: Size): Float32Array {
  const count = tokens.width * tokens.height;
  const sums = new Float32Array(3 * count);
  const pixels = new Uint32Array(count);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * tokens.height) / height) * tokens.width;
    for (let x = 0; x < width; x++, i++) {
      const token = row + Math.floor((x * tokens.width) / width);
      for (let c = 0; c < 3; c++) sums[3 * token + c]! += data[4 * i + c]!;
      pixels[token]!++;
    }
  }
  return sums.map((sum, i) => sum / Math.max(1, pixels[Math.floor(i / 3)]!));
}

/** The token of a pixel, row by row. */
export function tokenAt(x: number, y: number, image: Size, tokens: Size): number {
  const at = (v: number, pixels: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((v * count) / pixels)));
  return at(y, image.height, tokens.height) * tokens.width + at(x, image.width, tokens.width);
}

/**
 * The pixels around the clicked one whose score reaches the threshold, in one piece. The clicked spot always counts.
 * @param x clicked pixel of the image
 */
export function takeGrown(
  scores: Scores,
  threshold: number,
  image: Size,
  x: number,
  y: number,
  take: TakeSpan,
): void {
  const { width, height, data } = scores;
  const clickedX = Math.min(width - 1, Math.floor((x * width) / image.width));
  const clickedY = Math.min(height - 1, Math.floor((y * height) / image.height));
  const clicked = clickedY * width + clickedX;
  const isInside = (i: number) => data[i]! >= threshold || i === clicked;
  if (width === image.width && height === image.height) {
    flood(scores, isInside, clickedX, clickedY, take);
    return;
  }
  const grown = new Uint8Array(width * height);
  let [left, top, right, bottom] = [width, height, 0, 0];
  flood(scores, isInside, clickedX, clickedY, (row, first, last) => {
    grown.fill(1, row * width + first, row * width + last + 1);
    left = Math.min(left, first);
    right = Math.max(right, last);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
  });
  // Between the centers of a coarser grid, the line between grown and not runs in the middle.
  const columns = Array.from({ length: image.width }, (_, px) => between(px, image.width, width));
  const scale = { x: image.width / width, y: image.height / height };
  const firstX = Math.max(0, Math.floor((left - 1) * scale.x));
  const lastX = Math.min(image.width - 1, Math.ceil((right + 2) * scale.x));
  const lastY = Math.min(image.height - 1, Math.ceil((bottom + 2) * scale.y));
  for (let py = Math.max(0, Math.floor((top - 1) * scale.y)); py <= lastY; py++) {
    const { before, after, share } = between(py, image.height, height);
    let start = -1;
    for (let px = firstX; px <= lastX + 1; px++) {
      let isIn = false;
      if (px <= lastX) {
        const c = columns[px]!;
        const upper = mix(grown, before * width, c);
        const lower = mix(grown, after * width, c);
        isIn = upper + (lower - upper) * share >= 0.5;
      }
      if (isIn && start < 0) start = px;
      if (!isIn && start >= 0) {
        take(py, start, px - 1);
        start = -1;
      }
    }
  }
}

function mix(grid: Uint8Array, row: number, c: { before: number; after: number; share: number }) {
  const first = grid[row + c.before]!;
  return first + (grid[row + c.after]! - first) * c.share;
}
