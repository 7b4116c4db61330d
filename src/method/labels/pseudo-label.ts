import type { Config } from "../config.ts";
import { ignoreIndex, type LabelMap } from "../images/image.ts";
import { argmax, checkBox, fullBox, plane, softmax, type Box, type Maps } from "../images/maps.ts";
import { resizeMaps } from "../images/resize-maps.ts";

/**
 * Background scores, β_l and β_h of the paper: scores at or below `low` are background, scores above `high` foreground,
 * others are ignored.
 */
export interface Thresholds {
  readonly low: number;
  readonly high: number;
}

/** The thresholds of the settings. */
export function thresholdsOf({ pseudo }: Pick<Config, "pseudo">): Thresholds {
  return { low: pseudo.lowThreshold, high: pseudo.highThreshold };
}

/**
 * Pseudo label from class activation maps (method 2.4): the class of the highest score, if the score is high enough.
 * With equal thresholds, as in evaluation, no pixel is ignored.
 *
 * @param cam [classes, h, w], one map for each class in the image
 */
export function pseudoLabel(
  cam: Maps,
  classes: readonly number[],
  { low, high, box = fullBox(cam) }: Thresholds & { box?: Box },
): LabelMap {
  checkCount("pseudoLabel", cam, classes.length);
  const { width, height } = cam;
  const data = new Uint8Array(width * height);
  if (classes.length > 0) {
    const best = argmax(cam);
    for (let p = 0; p < best.length; p++) {
      const score = cam.data[best[p]! * best.length + p]!;
      if (score > high) data[p] = classes[best[p]!]! + 1;
      else if (score > low) data[p] = ignoreIndex;
    }
  }
  const labels = { width, height, data };
  ignoreOutside(labels, box);
  return labels;
}

/**
 * Softmax over a constant background score and the maps: [background, ...classes]. With the `low` threshold as the score,
 * background wins only where it is sure; with `high`, it loses only where a class is sure.
 */
export function withBackground(cam: Maps, score: number): Maps {
  const { count, width, height } = cam;
  const data = new Float32Array((count + 1) * height * width);
  data.fill(score, 0, height * width);
  data.set(cam.data, height * width);
  const scores = { count: count + 1, width, height, data };
  softmax(scores);
  return scores;
}

/** Label of the highest map at every pixel, without refinement. @param scores maps [background, ...classes] */
export function labelOf(scores: Maps, classes: readonly number[]): LabelMap {
  checkCount("labelOf", scores, classes.length + 1);
  const { width, height } = scores;
  const data = argmax(scores);
  for (let p = 0; p < data.length; p++) {
    if (data[p]! > 0) data[p] = classes[data[p]! - 1]! + 1;
  }
  return { width, height, data };
}

/**
 * `labelOf` maps that are resized to this size, one map at a time: at the size of a large photograph, all of them
 * together would fill the memory.
 */
export function labelAtSize(
  scores: Maps,
  classes: readonly number[],
  { width, height }: { readonly width: number; readonly height: number },
): LabelMap {
  checkCount("labelAtSize", scores, classes.length + 1);
  const data = new Uint8Array(width * height);
  const highest = new Float32Array(width * height).fill(-Infinity);
  for (let k = 0; k < scores.count; k++) {
    const label = k === 0 ? 0 : classes[k - 1]! + 1;
    const values = resizeMaps({ ...scores, count: 1, data: plane(scores, k) }, width, height).data;
    for (let p = 0; p < values.length; p++) {
      if (values[p]! > highest[p]!) {
        highest[p] = values[p]!;
        data[p] = label;
      }
    }
  }
  return { width, height, data };
}

/** Sets all pixels outside the box to the label "ignore", in place. */
export function ignoreOutside(labels: LabelMap, box: Box): void {
  const { width, height, data } = labels;
  const [y0, y1, x0, x1] = checkBox("ignoreOutside", box, labels);
  data.fill(ignoreIndex, 0, y0 * width);
  data.fill(ignoreIndex, y1 * width, height * width);
  for (let y = y0; y < y1; y++) {
    data.fill(ignoreIndex, y * width, y * width + x0);
    data.fill(ignoreIndex, y * width + x1, (y + 1) * width);
  }
}

function checkCount(where: string, { count }: Maps, expected: number): void {
  if (count !== expected) {
    throw new RangeError(`${where}: ${count} maps for ${expected} labels; give one map for each`);
  }
}
