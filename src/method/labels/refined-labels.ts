import { ignoreIndex, type Image, type LabelMap } from "../images/image.ts";
import {
  argmax,
  checkBox,
  crop,
  fullBox,
  slice,
  stack,
  type Box,
  type Maps,
} from "../images/maps.ts";
import type { Par } from "../refine/par.ts";
import { ignoreOutside, labelOf, withBackground, type Thresholds } from "./pseudo-label.ts";
import { resizeMaps } from "../images/resize-maps.ts";

/**
 * Pseudo label from class activation maps, refined along the colors of the image at half its size (method 2.8).
 *
 * @param cam [classes, h, w] at the image's size, one map for each class in the image
 */
export function refinePseudoLabel(
  image: Image,
  cam: Maps,
  classes: readonly number[],
  { low, high, par, box = fullBox(image) }: Thresholds & { par: Par; box?: Box },
): LabelMap {
  const { width, height } = image;
  checkSize("refinePseudoLabel", image, cam);
  if (classes.length === 0) return onlyBackground(image, box);
  const refined = resizeMaps(refineScores(image, cam, { low, high, par }), width, height);
  const labels = { width, height, data: sureLabels(refined, classes) };
  ignoreOutside(labels, box);
  return labels;
}

/**
 * The scores by which `refinePseudoLabel` chooses, at half the image's size: [background, ...classes] with the low background score,
 * then the same with the high one. PAR is linear, but the softmax before it is not: for other thresholds they are computed anew.
 *
 * @param cam [classes, h, w] at the image's size
 */
export function refineScores(
  image: Image,
  cam: Maps,
  { low, high, par }: Thresholds & { par: Par },
): Maps {
  checkSize("refineScores", image, cam);
  const half = halve(cam);
  const scores = stack(withBackground(half, low), withBackground(half, high));
  return par.refine(halve(colorPlanes(image, fullBox(image))), scores);
}

/**
 * The same labels for several background scores, one after the other; no pixel is ignored, as with equal thresholds.
 *
 * @param cam [classes, h, w] at the image's size, one map for each class in the image
 */
export function refinePseudoLabels(
  image: Image,
  cam: Maps,
  classes: readonly number[],
  { scores, par, box = fullBox(image) }: { scores: readonly number[]; par: Par; box?: Box },
): LabelMap[] {
  const { width, height } = image;
  checkSize("refinePseudoLabels", image, cam);
  if (classes.length === 0) return scores.map(() => onlyBackground(image, box));
  const half = halve(cam);
  const colors = halve(colorPlanes(image, fullBox(image)));
  return scores.map((score) => {
    const refined = resizeMaps(par.refine(colors, withBackground(half, score)), width, height);
    const labels = labelOf(refined, classes);
    ignoreOutside(labels, box);
    return labels;
  });
}

/**
 * Label from propagated maps, refined along the colors of the image inside the box (method 2.8).
 *
 * @param low maps [background, ...classes] of any size, propagated with the low background score
 * @param high the same with the high background score
 */
export function refineAffinityLabel(
  image: Image,
  { low, high }: { low: Maps; high: Maps },
  classes: readonly number[],
  { par, box = fullBox(image) }: { par: Par; box?: Box },
): LabelMap {
  const { width, height } = image;
  if (classes.length === 0) return onlyBackground(image, box);
  const refined = refineInside(image, resizeMaps(stack(low, high), width, height), { par, box });
  const inside = sureLabels(refined, classes);
  const labels = { width, height, data: new Uint8Array(width * height).fill(ignoreIndex) };
  const [y0, , x0] = box;
  for (let y = 0; y < refined.height; y++) {
    const row = inside.subarray(y * refined.width, (y + 1) * refined.width);
    labels.data.set(row, (y0 + y) * width + x0);
  }
  return labels;
}

/** The part of maps inside the box, refined along the colors of the halved image there. */
export function refineInside(
  image: Image,
  maps: Maps,
  { par, box = fullBox(image) }: { par: Par; box?: Box },
): Maps {
  checkSize("refineInside", image, maps);
  const inside = crop(maps, box);
  const refined = par.refine(halve(colorPlanes(image, box)), inside);
  return resizeMaps(refined, inside.width, inside.height);
}

/** Red, green and blue inside the box, 0..1, [3, h, w]: the image that PAR refines along. */
export function colorPlanes(image: Image, box: Box): Maps {
  const [y0, y1, x0, x1] = checkBox("colorPlanes", box, image);
  const [width, height] = [x1 - x0, y1 - y0];
  const data = new Float32Array(3 * height * width);
  for (let y = 0; y < height; y++) {
    let from = ((y0 + y) * image.width + x0) * 3;
    for (let p = y * width; p < (y + 1) * width; p++) {
      data[p] = image.data[from++]! / 255;
      data[height * width + p] = image.data[from++]! / 255;
      data[2 * height * width + p] = image.data[from++]! / 255;
    }
  }
  return { count: 3, width, height, data };
}

/** Maps at half the size, rounded down, but at least one pixel. */
function halve(maps: Maps): Maps {
  const half = (side: number): number => Math.max(1, Math.floor(side / 2));
  return resizeMaps(maps, half(maps.width), half(maps.height));
}

/**
 * Labels where two backgrounds agree. A pixel has a class if the class beats the high background, and is background if
 * even the low background beats all classes; all other pixels are ignored.
 * @param scores maps [background, ...classes] with the low background, then those with the high one
 */
export function sureLabels(scores: Maps, classes: readonly number[]): Uint8Array {
  const count = scores.count / 2;
  const low = argmax(slice(scores, 0, count));
  const labels = argmax(slice(scores, count, scores.count));
  for (let p = 0; p < labels.length; p++) {
    if (labels[p]! > 0) labels[p] = classes[labels[p]! - 1]! + 1;
    else if (low[p]! > 0) labels[p] = ignoreIndex;
  }
  return labels;
}

function onlyBackground({ width, height }: Image, box: Box): LabelMap {
  const labels = { width, height, data: new Uint8Array(width * height) };
  ignoreOutside(labels, box);
  return labels;
}

function checkSize(where: string, image: Image, maps: Maps): void {
  if (maps.width !== image.width || maps.height !== image.height) {
    throw new RangeError(
      `${where}: image is ${image.width} x ${image.height}, maps are ${maps.width} x ${maps.height}; resize the maps`,
    );
  }
}
