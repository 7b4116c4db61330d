import { checkBox, fullBox, type Box } from "../images/maps.ts";
import type { Image, LabelMap } from "../images/image.ts";
import type { Thresholds } from "./pseudo-label.ts";

/** Background scores that are tried, ascending; candidates for the middle between both thresholds. */
export const candidateScores: readonly number[] = Array.from(
  { length: 15 },
  (_, i) => (15 + 5 * i) / 100,
);

/** Distance of both thresholds from their middle: AFA's 0.35 and 0.55 are as far apart. */
const halfGap = 0.1;
/** Share of the largest explained variance that a higher score may give up; chosen on scenes of two seeds. */
const tolerance = 0.02;

/**
 * Share of the variance of an image's colors that its labels explain, 0..1: one minus the variance within the labels over
 * that of all pixels, red, green and blue together. Otsu (1979) chooses thresholds of gray levels by the same number.
 * NaN if all pixels have the same color.
 * @param box the pixels that count
 */
export function explainedVariance(
  image: Image,
  labels: LabelMap,
  box: Box = fullBox(image),
): number {
  const { width } = image;
  const [y0, y1, x0, x1] = checkBox("explainedVariance", box, labels);
  // Pixels, sums of red, green and blue, and sum of squares of each label.
  const sums = new Float64Array(256 * 5);
  for (let y = y0; y < y1; y++) {
    for (let p = y * width + x0; p < y * width + x1; p++) {
      const at = 5 * labels.data[p]!;
      sums[at]!++;
      for (let c = 0; c < 3; c++) {
        const level = image.data[3 * p + c]!;
        sums[at + 1 + c]! += level;
        sums[at + 4]! += level * level;
      }
    }
  }
  const all = new Float64Array(5);
  let within = 0;
  for (let at = 0; at < sums.length; at += 5) {
    const own = sums.subarray(at, at + 5);
    if (own[0]! > 0) within += deviation(own);
    own.forEach((value, i) => (all[i]! += value));
  }
  const total = deviation(all);
  // Rounding alone leaves less.
  return total > 1e-9 * all[4]! ? 1 - within / total : NaN;
}

/** Sum of squared distances from the mean color. */
function deviation([pixels, red, green, blue, squares]: Float64Array): number {
  return squares! - (red! ** 2 + green! ** 2 + blue! ** 2) / pixels!;
}

/**
 * Thresholds around the highest background score whose labels explain nearly as much of the colors as those of any other:
 * the maximum is flat, and of labels that fit the colors equally well, the smaller ones are wrong less often.
 * @param explained mean explained variance for each of `candidateScores`
 * @returns null if no score explains anything
 */
export function thresholdsFor(explained: readonly number[]): Thresholds | null {
  const largest = Math.max(...explained);
  if (!(largest > 0)) return null;
  const least = (1 - tolerance) * largest;
  const last = explained.findLastIndex((share) => share >= least);
  const score = candidateScores[last]!;
  const next = candidateScores[last + 1];
  // Between two candidates the curve is taken to be straight.
  const middle =
    next === undefined
      ? score
      : score +
        ((next - score) * (explained[last]! - least)) / (explained[last]! - explained[last + 1]!);
  return { low: rounded(middle - halfGap), high: rounded(middle + halfGap) };
}

function rounded(score: number): number {
  return Math.round(100 * score) / 100;
}
