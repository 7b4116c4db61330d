import type { Config } from "../config.ts";
import type { Sample, SampleReader } from "../data/sample.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { labelOf, pseudoLabel, thresholdsOf } from "../labels/index.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import type { Maps } from "../images/maps.ts";
import { UserError } from "../../user-error.ts";
import type { ActivationPass } from "../inference/activations.ts";
import {
  activationsFor,
  classMaps,
  propagatedMaps,
  type PropagatedMaps,
} from "../inference/label-image.ts";
import { networkImage, withLongSide } from "../inference/long-side.ts";
import type { PredictOptions, Predictor } from "../inference/predictor.ts";
import type { RefineLogits } from "../inference/refine-logits.ts";

/** The refined labels, or a UserError if the image is too large to be refined in memory (a RangeError). */
export async function refineOrReport(
  refine: RefineLogits,
  { image: file }: Sample,
  image: Image,
  logits: Maps,
): Promise<LabelMap | UserError> {
  try {
    return await refine(image, logits);
  } catch (error) {
    if (error instanceof UserError) return error;
    if (!(error instanceof RangeError)) throw error;
    return new UserError(`${file}: cannot be refined: ${error.message}`, { cause: error });
  }
}

/** Options of predicting an image. */
export interface ViewOptions extends PredictOptions {
  readonly config: Pick<Config, "data" | "eval">;
  /**
   * Long side that images are resized to (method 3.1). Without it they keep their size within `eval.minSide` and
   * `eval.maxSide`, as in validations during training.
   */
  readonly longSide?: number;
}

/** The image of a sample and its mask if it has one, or the error that occurred when reading them. */
export async function readSample(
  sample: Sample,
  reader: SampleReader,
): Promise<{ image: Image; truth: LabelMap | undefined } | UserError> {
  try {
    const image = await reader.readImage(sample);
    const truth = sample.mask === undefined ? undefined : await reader.readMask(sample);
    if (truth && (truth.width !== image.width || truth.height !== image.height)) {
      return new UserError(
        `${sample.mask}: mask is ${truth.width}x${truth.height}, but its image ${sample.image} is ${image.width}x${image.height}`,
      );
    }
    return { image, truth };
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Predicted tags, from 0, and segmentation logits of an image; its true tags are not used. */
export async function predictImage(
  image: Image,
  predictor: Predictor,
  { config, longSide, scales = [1], flip = false }: ViewOptions,
): Promise<{ tags: number[]; segLogits: Maps }> {
  const input =
    longSide === undefined
      ? networkImage(image, config.data, config.eval)
      : withLongSide(image, config.data, longSide);
  const { clsLogits, segLogits } = await predictor.predict(input, { scales, flip });
  return { tags: [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0), segLogits };
}

/** Class activation maps of an image with known tags, and their propagation along the affinity. */
export interface Located {
  readonly classes: readonly number[];
  /** [classes, h, w], 0..1, at the size of the network's input. */
  readonly cam: Maps;
  /** Null without tags. */
  readonly propagated: PropagatedMaps | null;
}

/** Computes class activation maps of an image with known tags and propagates them. */
export async function locate(
  image: Image,
  classes: readonly number[],
  activations: ActivationPass,
  config: Pick<Config, "data" | "pseudo" | "eval">,
): Promise<Located> {
  const input = networkImage(image, config.data, config.eval);
  const raw = await activationsFor(input, classes, activations);
  const cam = classMaps(raw, classes, input);
  const options = { ...thresholdsOf(config), radius: config.pseudo.radius };
  return { classes, cam, propagated: raw && propagatedMaps(cam, raw.affinity, options) };
}

/** Labels of this size from class activation maps and from propagated ones, and the activations as heat. */
export function labelsAt(
  { classes, cam: small, propagated }: Located,
  width: number,
  height: number,
  { backgroundThreshold }: Pick<Config["pseudo"], "backgroundThreshold">,
): { cam: LabelMap; affinityCam: LabelMap; heat: Heat } {
  const full = resizeMaps(small, width, height);
  const cam = pseudoLabel(full, classes, { low: backgroundThreshold, high: backgroundThreshold });
  const affinityCam = propagated
    ? labelOf(resizeMaps(propagated.low, width, height), classes)
    : cam;
  return { cam, affinityCam, heat: { width, height, data: highest(full) } };
}

/** The highest class activation at every pixel, 0..1. */
export interface Heat {
  readonly width: number;
  readonly height: number;
  /** [height, width] */
  readonly data: Float32Array;
}

function highest({ count, width, height, data }: Maps): Float32Array {
  const area = width * height;
  const out = new Float32Array(area);
  for (let i = 0; i < count * area; i++) if (data[i]! > out[i % area]!) out[i % area] = data[i]!;
  return out;
}
