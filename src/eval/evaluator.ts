import type { Config } from "../config.ts";
import type { Image, LabelMap, Sample, SampleReader } from "../data/sample.ts";
import { normalizeToChannelsFirst } from "../data/normalize.ts";
import type { Maps } from "../pseudo/index.ts";
import {
  labelOf,
  mergeCam,
  propagate,
  pseudoLabel,
  refineAffinityLabel,
  resize,
} from "../pseudo/index.ts";
import { Par } from "../pseudo/index.ts";
import type { ActivationPass } from "./activations.ts";
import { UserError } from "../user-error.ts";
import { ConfusionMatrix, tagF1 } from "./metrics.ts";
import type { PredictOptions, Predictor } from "./predictor.ts";
import { labelsOf } from "./predictor.ts";

/** Scores in 0..1; NaN where there is no truth to compare with. */
export interface ValidationScores {
  /** mIoU of class activation maps, of propagated ones, of the segmentation branch, and F1 of the tags. */
  readonly metrics: {
    readonly cam: number;
    readonly affinityCam: number;
    readonly seg: number;
    readonly tagF1: number;
  };
  /** IoU of background and every class. */
  readonly perClass: {
    readonly cam: number[];
    readonly affinityCam: number[];
    readonly seg: number[];
  };
  /** Pixel accuracy and mean class accuracy of the segmentation branch. */
  readonly accuracy: { readonly pixel: number; readonly mean: number };
  /** Images evaluated, and those of them with a true mask. */
  readonly images: number;
  readonly masks: number;
  /** Images or masks that could not be used, one sentence each. */
  readonly skipped: readonly string[];
}

/** One image and everything that was made of it, to be looked at. */
export interface ValidationPanel {
  readonly name: string;
  readonly image: Image;
  /** Classes present, from 0. */
  readonly tags: readonly number[];
  /** The highest class activation at every pixel, 0..1. */
  readonly heat: { readonly width: number; readonly height: number; readonly data: Float32Array };
  readonly cam: LabelMap;
  readonly affinityCam: LabelMap;
  /** The label that training would use. */
  readonly label: LabelMap;
  readonly prediction: LabelMap;
  readonly truth?: LabelMap;
}

export interface EvaluatorOptions extends PredictOptions {
  readonly config: Pick<Config, "data" | "pseudo" | "eval">;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Images to make panels of, from the first. */
  readonly panels?: number;
  /** Segment images resized to this long side; without it at their own size, as during training. */
  readonly longSide?: number;
}

/** What runs the network. */
export interface Networks {
  readonly predictor: Predictor;
  readonly activations: ActivationPass;
}

export interface EvaluationProgress {
  readonly done: number;
  readonly total: number;
}

/** An image as the network takes it: normalised, no larger than the limit for propagation. */
export function networkImage(image: Image, { mean, std }: Config["data"], maxSide: number): Maps {
  const { width, height } = image;
  const data = normalizeToChannelsFirst(image.data, width * height, { mean, std });
  return shrink({ count: 3, width, height, data }, maxSide);
}

/** The same image with a long side of at most `maxSide`. */
export function shrink(image: Maps, maxSide: number): Maps {
  return Math.max(image.width, image.height) <= maxSide ? image : withLongSide(image, maxSide);
}

/** The same image with a long side of `longSide`. */
export function withLongSide(image: Maps, longSide: number): Maps {
  const factor = longSide / Math.max(image.width, image.height);
  const side = (length: number): number => Math.max(1, Math.round(length * factor));
  return resize(image, side(image.width), side(image.height));
}

/**
 * Evaluates a network on samples, one at a time: segmentation, class activation maps, propagated
 * ones and tags (method sections 11 and 13). What cannot be read is left out and told. Yields
 * progress, returns the scores and panels.
 */
export async function* evaluate(
  samples: readonly Sample[],
  reader: SampleReader,
  networks: Networks,
  options: EvaluatorOptions,
): AsyncGenerator<EvaluationProgress, ValidationScores & { panels: ValidationPanel[] }> {
  const { classes, panels: panelCount = 0 } = options;
  const { parIterations: iterations, parDilations: dilations } = options.config.pseudo;
  const par = new Par({ iterations, dilations });
  const matrix = (): ConfusionMatrix => new ConfusionMatrix(classes.length + 1);
  const matrices = { cam: matrix(), affinityCam: matrix(), seg: matrix() };
  const panels: ValidationPanel[] = [];
  const skipped: string[] = [];
  let f1 = 0;
  let masks = 0;
  for (const [done, sample] of samples.entries()) {
    const pixels = await readSample(sample, reader);
    if (pixels instanceof UserError) {
      skipped.push(pixels.message);
    } else {
      const { image, truth } = pixels;
      const { tags, prediction } = await segment(image, networks, options);
      f1 += tagF1(tags, sample.tags);
      // Activations are for comparing and for looking at; an image that is neither spares them.
      if (truth || panels.length < panelCount) {
        const seen = await locate(image, sample.tags, networks, options);
        if (truth) {
          masks++;
          matrices.seg.add(truth.data, prediction.data);
          matrices.cam.add(truth.data, seen.cam.data);
          matrices.affinityCam.add(truth.data, seen.affinityCam.data);
        }
        if (panels.length < panelCount) {
          const { heat, cam, affinityCam, walked } = seen;
          const label = walked ? refineAffinityLabel(image, walked, sample.tags, { par }) : cam;
          const pictures = { image, heat, cam, affinityCam, label, prediction };
          panels.push({
            name: sample.name,
            tags: sample.tags,
            ...pictures,
            ...(truth && { truth }),
          });
        }
      }
    }
    yield { done: done + 1, total: samples.length };
  }
  const { cam, affinityCam, seg } = matrices;
  const images = samples.length - skipped.length;
  return {
    metrics: {
      cam: cam.meanIou(),
      affinityCam: affinityCam.meanIou(),
      seg: seg.meanIou(),
      tagF1: f1 / images,
    },
    perClass: { cam: cam.iou(), affinityCam: affinityCam.iou(), seg: seg.iou() },
    accuracy: { pixel: seg.pixelAccuracy(), mean: seg.meanAccuracy() },
    images,
    masks,
    skipped,
    panels,
  };
}

/** The image and, if there is one, the mask of a sample; or what is wrong with them. */
async function readSample(
  sample: Sample,
  reader: SampleReader,
): Promise<{ image: Image; truth: LabelMap | undefined } | UserError> {
  try {
    const image = await reader.readImage(sample);
    const truth = sample.mask === undefined ? undefined : await reader.readMask(sample);
    return { image, truth };
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Tags and labels that the network gives an image it knows nothing of. */
async function segment(
  image: Image,
  { predictor }: Networks,
  { config, longSide, scales = [1], flip = false }: EvaluatorOptions,
): Promise<{ tags: number[]; prediction: LabelMap }> {
  const input =
    longSide === undefined
      ? networkImage(image, config.data, config.eval.maxSide)
      : withLongSide(networkImage(image, config.data, Infinity), longSide);
  const { clsLogits, segLogits } = await predictor.predict(input, { scales, flip });
  const tags = [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0);
  return { tags, prediction: labelsOf(segLogits, image.width, image.height) };
}

/** Where the network sees the classes that an image is known to have. */
async function locate(
  image: Image,
  classes: readonly number[],
  { activations }: Networks,
  { config }: EvaluatorOptions,
): Promise<
  Pick<ValidationPanel, "heat" | "cam" | "affinityCam"> & {
    walked: { low: Maps; high: Maps } | null;
  }
> {
  const { width, height } = image;
  const { lowThreshold, highThreshold, backgroundThreshold, radius } = config.pseudo;
  const input = networkImage(image, config.data, config.eval.maxSide);
  const seen = classes.length > 0 ? await activations.run(input) : null;
  const small = mergeCam(seen?.scales ?? [], classes, input.width, input.height);
  const full = resize(small, width, height);
  const threshold = { low: backgroundThreshold, high: backgroundThreshold };
  const cam = pseudoLabel(full, classes, threshold);
  const heat = { width, height, data: highest(full) };
  if (!seen) return { heat, cam, affinityCam: cam, walked: null };
  const backgrounds = [lowThreshold, highThreshold];
  const [low, high] = propagate(small, seen.affinity, { backgrounds, radius }) as [Maps, Maps];
  const affinityCam = labelOf(resize(low, width, height), classes);
  return { heat, cam, affinityCam, walked: { low, high } };
}

/** The largest of the maps at every pixel. */
function highest({ count, width, height, data }: Maps): Float32Array {
  const area = width * height;
  const out = new Float32Array(area);
  for (let i = 0; i < count * area; i++) if (data[i]! > out[i % area]!) out[i % area] = data[i]!;
  return out;
}
