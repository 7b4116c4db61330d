import { plane, type Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";

/** Raw class activation maps of an image at one scale and of its mirror image, all classes. */
export interface ScaledCam {
  readonly plain: Maps;
  readonly flipped: Maps;
}

/**
 * Merges the activation maps of an image's scales and flips (method 2.3): the larger of plain and flipped, ReLU, sum
 * over scales, each map normalized to 0..1.
 * @param classes classes whose maps are returned, from 0
 * @returns [classes, height, width]
 */
export function mergeCam(
  scales: readonly ScaledCam[],
  classes: readonly number[],
  width: number,
  height: number,
): Maps {
  const sum = new Float32Array(classes.length * height * width);
  for (const { plain, flipped } of scales) {
    const a = resizeMaps(pick(plain, classes), width, height).data;
    const b = resizeMaps(pick(flipped, classes), width, height).data;
    for (let row = 0; row < sum.length; row += width) {
      for (let x = 0; x < width; x++) {
        const plainScore = a[row + x]!;
        const flippedScore = b[row + width - 1 - x]!;
        const larger = plainScore > flippedScore ? plainScore : flippedScore;
        if (larger > 0) sum[row + x]! += larger;
      }
    }
  }
  const merged = { count: classes.length, width, height, data: sum };
  for (let k = 0; k < classes.length; k++) normalize(plane(merged, k));
  return merged;
}

/** A copy of the maps of some classes. */
export function pick(source: Maps, classes: readonly number[]): Maps {
  const { count, width, height } = source;
  const data = new Float32Array(classes.length * height * width);
  for (const [k, index] of classes.entries()) {
    if (!(index >= 0 && index < count)) {
      throw new RangeError(
        `pick: class ${index}, but there are ${count} maps; give classes from 0 to ${count - 1}`,
      );
    }
    data.set(plane(source, index), k * height * width);
  }
  return { count: classes.length, width, height, data };
}

/** Moves the minimum to 0 and divides by (maximum + 1e-5). */
function normalize(map: Float32Array): void {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of map) {
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  const scale = 1 / (highest - lowest + 1e-5);
  for (let i = 0; i < map.length; i++) map[i] = (map[i]! - lowest) * scale;
}
