import { forWindow } from "./affinity-label.ts";
import { slice, stack, type Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import { withBackground } from "./pseudo-label.ts";

/** Affinity between the tokens of an image. */
export interface Affinity {
  /** Tokens across and down. */
  readonly width: number;
  readonly height: number;
  /** [t, t], t = height · width; 0..1 */
  readonly data: Float32Array;
}

/**
 * Propagates class activation maps by one step of a random walk along the affinity (method 2.6), once for each of
 * several constant background scores.
 *
 * @param cam [classes, h, w], one map for each class in the image
 * @param radius tokens further apart than this in either direction are not linked
 * @returns for each background score, maps [background, ...classes] on the grid of tokens
 */
export function propagateAffinity(
  cam: Maps,
  affinity: Affinity,
  { backgrounds, radius = 8 }: { backgrounds: readonly number[]; radius?: number },
): Maps[] {
  const { width, height } = affinity;
  const tokens = width * height;
  if (affinity.data.length !== tokens ** 2) {
    throw new RangeError(
      `propagateAffinity: affinity of ${width} x ${height} tokens has ${tokens ** 2} elements, got ${affinity.data.length}`,
    );
  }
  if (backgrounds.length === 0) return [];
  const small = resizeMaps(cam, width, height);
  const start = stack(...backgrounds.map((score) => withBackground(small, score)));
  const walked = walk(start, affinity, radius);
  const count = cam.count + 1;
  return backgrounds.map((_, b) => slice(walked, b * count, (b + 1) * count));
}

/** M · T: T is the squared affinity within the radius, each column divided by (its sum + 0.1). */
function walk(start: Maps, { width, height, data }: Affinity, radius: number): Maps {
  const tokens = width * height;
  const { count } = start;
  // The scores of a token are next to each other, so that the innermost loop stays on one cache line.
  const scores = new Float64Array(count * tokens);
  for (let i = 0; i < scores.length; i++) {
    scores[(i % tokens) * count + Math.floor(i / tokens)] = start.data[i]!;
  }
  const out = new Float64Array(count * tokens);
  const sums = new Float64Array(tokens);
  for (let i = 0; i < tokens; i++) {
    const row = i * tokens;
    const from = i * count;
    forWindow(i, width, height, radius, (first, last) => {
      for (let j = first; j < last; j++) {
        const link = data[row + j]! ** 2;
        sums[j]! += link;
        for (let k = 0, to = j * count; k < count; k++) out[to + k]! += scores[from + k]! * link;
      }
    });
  }
  const result = new Float32Array(count * tokens);
  for (let i = 0; i < result.length; i++) {
    const token = i % tokens;
    result[i] = out[token * count + Math.floor(i / tokens)]! / (sums[token]! + 0.1);
  }
  return { count, width, height, data: result };
}
