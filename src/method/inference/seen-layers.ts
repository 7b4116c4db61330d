import type { Image, LabelMap } from "../images/image.ts";
import { labelsOf } from "../images/labels-of-logits.ts";
import { softmax, slice, stack, type Maps } from "../images/maps.ts";
import { resizeImage } from "../images/resize-antialiased.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import {
  mergeCam,
  refineInside,
  refinePseudoLabel,
  sureLabels,
  windowRadius,
  type Affinity,
} from "../labels/index.ts";
import type { Par } from "../refine/par.ts";
import type { Config } from "../config.ts";
import type { Activations } from "./activations.ts";
import { labelsOfClasses, logitsOfClasses } from "./known-tags.ts";
import { classMaps, propagatedMaps } from "./label-image.ts";
import type { RefineLogits } from "./refine-logits.ts";

/** All that the method sees in an image with tags. Label maps have label i + 1 for class i, and 255 for ignored pixels. */
export interface SeenLayers {
  /** Size of the network's input for class activations. */
  readonly input: { readonly width: number; readonly height: number };
  /** The image at this size, as PAR and the CRF see it. */
  readonly pixels: Image;
  readonly affinity: Affinity;
  /** Class activation maps of the tags, at a quarter of the input's size. */
  readonly cam: Maps;
  /** Scores of the background and the tags after the random walk with the low background score, on the grid of tokens. */
  readonly propagated: Maps;
  /** The same after PAR, at the size of `cam`. */
  readonly refined: Maps;
  /** Probabilities of the segmentation for the background and the tags, at the size of `cam`. */
  readonly probabilities: Maps;
  /** The label that the training would learn from, at the input's size. */
  readonly pseudoLabel: LabelMap;
  /** The segmentation limited to the tags, before and after the CRF, at the input's size. */
  readonly prediction: LabelMap;
  readonly crf: LabelMap;
  readonly thresholds: { readonly low: number; readonly high: number; readonly radius: number };
  /** Settings of PAR. */
  readonly par: { readonly iterations: number; readonly dilations: readonly number[] };
}

export interface SeenOptions {
  readonly config: Pick<Config, "pseudo">;
  readonly par: Par;
  readonly crf: RefineLogits;
  /** Whether the training learns from propagated activations by now, or still from the activations themselves. */
  readonly propagates: boolean;
}

/**
 * Goes with an image through all stages from class activations to masks, with the code that training and labeling use.
 * @param input size of the network's input for class activations
 * @param segLogits [C + 1, h, w]
 * @param classes tags of the image, from 0, ascending
 */
export async function seenLayers(
  image: Image,
  input: { readonly width: number; readonly height: number },
  { activations, segLogits }: { readonly activations: Activations; readonly segLogits: Maps },
  classes: readonly number[],
  { config: { pseudo }, par, crf, propagates }: SeenOptions,
): Promise<SeenLayers> {
  const { width, height } = input;
  const isSame = image.width === width && image.height === height;
  const pixels = isSame ? image : resizeImage(image, width, height);
  const quarter = { width: Math.ceil(width / 4), height: Math.ceil(height / 4) };
  const { affinity, scales } = activations;
  const { lowThreshold: low, highThreshold: high, radius } = pseudo;

  const cam = classMaps(activations, classes, input);
  const walked = propagatedMaps(cam, affinity, { low, high, radius });
  const both = resizeMaps(stack(walked.low, walked.high), width, height);
  const refined = refineInside(pixels, both, { par });
  const pseudoLabel = propagates
    ? { width, height, data: sureLabels(refined, classes) }
    : refinePseudoLabel(pixels, cam, classes, { low, high, par });

  const logits = logitsOfClasses(segLogits, classes);
  const probabilities = resizeMaps(logits, quarter.width, quarter.height);
  const own = probabilities === logits ? { ...logits, data: logits.data.slice() } : probabilities;
  softmax(own);

  const refinedLow = slice(refined, 0, classes.length + 1);
  return {
    input: { width, height },
    pixels,
    affinity,
    cam: mergeCam(scales, classes, quarter.width, quarter.height),
    propagated: walked.low,
    refined: resizeMaps(refinedLow, quarter.width, quarter.height),
    probabilities: own,
    pseudoLabel,
    prediction: labelsOfClasses(labelsOf(logits, width, height), classes),
    crf: labelsOfClasses(await crf(pixels, logits), classes),
    thresholds: { low, high, radius: windowRadius(radius, affinity) },
    par: { iterations: pseudo.parIterations, dilations: pseudo.parDilations },
  };
}
