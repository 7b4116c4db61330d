import type { Config } from "../config.ts";
import type { Runtime } from "../../engine/graph/index.ts";
import type { Image, LabelMap } from "../images/image.ts";
import type { Box } from "../images/maps.ts";
import { normalizedMaps } from "../images/normalize.ts";
import { ActivationPass } from "../inference/activations.ts";
import type { NetworkFeeds } from "../inference/network-feeds.ts";
import {
  candidateScores,
  explainedVariance,
  mergeCam,
  refinePseudoLabel,
  refinePseudoLabels,
  thresholdsFor,
  type ScaledCam,
  type Thresholds,
} from "../labels/index.ts";
import { pick } from "../labels/cam.ts";
import type { Afa } from "../model/index.ts";
import { parOf } from "../refine/par.ts";
import type { LabelInput } from "./labels.ts";

/** One crop with the raw activations of its own classes. */
export interface ActivatedCrop {
  readonly image: Image;
  /** Classes of its tags, from 0, ascending; one map in `scales` for each. */
  readonly classes: readonly number[];
  readonly box: Box;
  readonly scales: readonly ScaledCam[];
}

/** How thresholds suit the activations of some crops, by the labels that they give (method 2.16). */
export interface ThresholdFit {
  /** Share of the pixels that are neither a class nor background, 0..1. */
  readonly ignored: number;
  /** Share of the tags, one a crop and class, of which no pixel has the label, 0..1. */
  readonly tagsWithoutPixels: number;
  /** Mean share of the pixels of a crop with the tag, for each class; null for a class without tags. */
  readonly areas: readonly (number | null)[];
}

type PseudoConfig = Pick<Config, "data" | "pseudo">;

/** Computes the activations of crops whose thresholds are to be judged. */
export class CropActivations {
  private readonly pass: ActivationPass;

  constructor(
    runtime: Runtime,
    network: Afa,
    parameters: NetworkFeeds,
    private readonly config: PseudoConfig,
  ) {
    const { data, pseudo } = config;
    const options = { scales: pseudo.scales, side: data.crop };
    this.pass = new ActivationPass(runtime, network, parameters, options);
  }

  async run({ image, classes, box }: LabelInput): Promise<ActivatedCrop> {
    if (classes.length === 0) return { image, classes, box, scales: [] };
    const { scales } = await this.pass.run(normalizedMaps(image, this.config.data));
    const own = scales.map(({ plain, flipped }) => ({
      plain: pick(plain, classes),
      flipped: pick(flipped, classes),
    }));
    return { image, classes, box, scales: own };
  }

  release(): Promise<void> {
    return this.pass.release();
  }
}

/** Thresholds by the rule of `thresholdsFor`; null if the crops tell nothing: no tags, or no colors. */
export function chooseThresholds(
  crops: readonly ActivatedCrop[],
  config: PseudoConfig,
): Thresholds | null {
  const par = parOf(config);
  const sums = candidateScores.map(() => 0);
  let count = 0;
  for (const { image, classes, box, scales } of crops) {
    if (classes.length === 0) continue;
    const cam = camOf(image, classes, scales);
    const options = { scores: candidateScores, par, box };
    const labels = refinePseudoLabels(image, cam, classes, options);
    const shares = labels.map((map) => explainedVariance(image, map, box));
    // A crop of a single color tells nothing.
    if (!shares.every(Number.isFinite)) continue;
    shares.forEach((share, i) => (sums[i]! += share));
    count++;
  }
  return thresholdsFor(sums.map((sum) => (count > 0 ? sum / count : 0)));
}

/** Measures from tags alone how thresholds suit some crops. */
export function measureFit(
  crops: readonly ActivatedCrop[],
  thresholds: Thresholds,
  config: PseudoConfig,
  classCount: number,
): ThresholdFit {
  const par = parOf(config);
  const areas = Array.from({ length: classCount }, () => ({ sum: 0, tags: 0 }));
  let [pixels, ignored, tags, empty] = [0, 0, 0, 0];
  for (const { image, classes, box, scales } of crops) {
    const cam = camOf(image, classes, scales);
    const labels = refinePseudoLabel(image, cam, classes, { ...thresholds, par, box });
    const counts = countLabels(labels, box);
    const inside = counts.reduce((sum, count) => sum + count, 0);
    pixels += inside;
    ignored += counts[255]!;
    for (const c of classes) {
      const area = counts[c + 1]!;
      tags++;
      if (area === 0) empty++;
      areas[c]!.sum += area / inside;
      areas[c]!.tags++;
    }
  }
  return {
    ignored: pixels > 0 ? ignored / pixels : 0,
    tagsWithoutPixels: tags > 0 ? empty / tags : 0,
    areas: areas.map(({ sum, tags: own }) => (own > 0 ? sum / own : null)),
  };
}

function camOf(
  { width, height }: Image,
  classes: readonly number[],
  scales: readonly ScaledCam[],
): ReturnType<typeof mergeCam> {
  return mergeCam(scales, [...classes.keys()], width, height);
}

/** Pixels inside a box, by label. */
function countLabels({ width, data }: LabelMap, [y0, y1, x0, x1]: Box): number[] {
  const counts = Array<number>(256).fill(0);
  for (let y = y0; y < y1; y++) {
    for (let p = y * width + x0; p < y * width + x1; p++) counts[data[p]!]!++;
  }
  return counts;
}
