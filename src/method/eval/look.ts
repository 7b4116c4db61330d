import type { Config } from "../config.ts";
import type { Sample, SampleReader } from "../data/sample.ts";
import type { Image, LabelMap } from "../images/image.ts";
import {
  labelOf,
  mergeCam,
  propagateAffinity,
  pseudoLabel,
  resizeMaps,
  type Maps,
} from "../labels/index.ts";
import { UserError } from "../../user-error.ts";
import type { ActivationPass } from "../inference/activations.ts";
import { networkImage, withLongSide } from "../inference/network-image.ts";
import type { PredictOptions, Predictor } from "../inference/predictor.ts";
import type { RefineLogits } from "../inference/refine-logits.ts";

/** The refined labels, or why this image is too much for it: memories beyond what there can be are RangeErrors. */
export async function refineOrTell(
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

export interface ViewOptions extends PredictOptions {
  readonly config: Pick<Config, "data" | "eval">;
  /**
   * Segment images resized to this long side (method 3.1). Without it they keep their own size,
   * up to `eval.maxSide`, as in validations during training.
   */
  readonly longSide?: number;
}

/** The image and, if there is one, the mask of a sample; or what is wrong with them. */
export async function readSample(
  sample: Sample,
  reader: SampleReader,
): Promise<{ image: Image; truth: LabelMap | undefined } | UserError> {
  try {
    const image = await reader.readImage(sample);
    const truth = sample.mask === undefined ? undefined : await reader.readMask(sample);
    if (truth && (truth.width !== image.width || truth.height !== image.height)) {
      return new UserError(
        `${sample.mask}: mask is ${truth.width}x${truth.height}, its image ${image.width}x${image.height}`,
      );
    }
    return { image, truth };
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Tags, from 0, and logits that the network gives an image it knows nothing of. */
export async function predictImage(
  image: Image,
  predictor: Predictor,
  { config, longSide, scales = [1], flip = false }: ViewOptions,
): Promise<{ tags: number[]; segLogits: Maps }> {
  const input =
    longSide === undefined
      ? networkImage(image, config.data, config.eval.maxSide)
      : withLongSide(image, config.data, longSide);
  const { clsLogits, segLogits } = await predictor.predict(input, { scales, flip });
  return { tags: [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0), segLogits };
}

/** Where the network sees the classes that an image is known to have. */
export interface Located {
  readonly classes: readonly number[];
  /** [classes, h, w], 0..1, of the size that the network saw. */
  readonly cam: Maps;
  /** [background, ...classes] on the grid of tokens, with the low and the high background score. */
  readonly walked: { readonly low: Maps; readonly high: Maps } | null;
}

/** Class activation maps of an image with known tags, and what the affinity makes of them. */
export async function locate(
  image: Image,
  classes: readonly number[],
  activations: ActivationPass,
  config: Pick<Config, "data" | "pseudo" | "eval">,
): Promise<Located> {
  const { lowThreshold, highThreshold, radius } = config.pseudo;
  const input = networkImage(image, config.data, config.eval.maxSide);
  const seen = classes.length > 0 ? await activations.run(input) : null;
  const cam = mergeCam(seen?.scales ?? [], classes, input.width, input.height);
  if (!seen) return { classes, cam, walked: null };
  const backgrounds = [lowThreshold, highThreshold];
  const [low, high] = propagateAffinity(cam, seen.affinity, { backgrounds, radius }) as [
    Maps,
    Maps,
  ];
  return { classes, cam, walked: { low, high } };
}

/** The labels of a size that activations stand for, and the activations themselves as heat. */
export function labelsAt(
  { classes, cam: small, walked }: Located,
  width: number,
  height: number,
  { backgroundThreshold }: Pick<Config["pseudo"], "backgroundThreshold">,
): { cam: LabelMap; affinityCam: LabelMap; heat: Heat } {
  const full = resizeMaps(small, width, height);
  const cam = pseudoLabel(full, classes, { low: backgroundThreshold, high: backgroundThreshold });
  const affinityCam = walked ? labelOf(resizeMaps(walked.low, width, height), classes) : cam;
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
