import { ignoreIndex, type LabelMap } from "../images/image.ts";
import type { Maps } from "../images/maps.ts";

/**
 * The logits of the background and of some classes, in this order.
 * @param logits [C + 1, h, w]
 * @param classes from 0
 */
export function logitsOfClasses(logits: Maps, classes: readonly number[]): Maps {
  const { width, height, data } = logits;
  const area = width * height;
  const kept = new Float32Array((classes.length + 1) * area);
  for (const [i, label] of [0, ...classes.map((c) => c + 1)].entries()) {
    kept.set(data.subarray(label * area, (label + 1) * area), i * area);
  }
  return { count: classes.length + 1, width, height, data: kept };
}

/** Labels of all classes from labels that count only some of them: i + 1 becomes classes[i] + 1; ignored pixels stay so. */
export function labelsOfClasses(
  { width, height, data }: LabelMap,
  classes: readonly number[],
): LabelMap {
  const table = new Uint8Array(256);
  classes.forEach((index, i) => (table[i + 1] = index + 1));
  table[ignoreIndex] = ignoreIndex;
  return { width, height, data: data.map((label) => table[label]!) };
}

/** The tags of which a mask has no pixel, in their order; tags are classes from 0. */
export function tagsNotShown({ data }: LabelMap, tags: readonly number[]): number[] {
  const shown = new Uint8Array(256);
  for (let p = 0; p < data.length; p++) shown[data[p]!] = 1;
  return tags.filter((tag) => shown[tag + 1] === 0);
}
