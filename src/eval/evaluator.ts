import type { Config } from "../config.ts";
import type { Image, LabelMap, Sample, SampleReader } from "../data/sample.ts";
import { resizeLabels } from "../data/resize.ts";
import type { Maps } from "../pseudo/index.ts";
import {
  labelOf,
  mergeCam,
  Par,
  propagate,
  pseudoLabel,
  refineAffinityLabel,
  resize,
} from "../pseudo/index.ts";
import { UserError } from "../user-error.ts";
import type { ActivationPass } from "./activations.ts";
import { ConfusionMatrix, tagF1 } from "./metrics.ts";
import { networkImage, shrinkImage, withLongSide } from "./network-image.ts";
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
  /**
   * Segment images resized to this long side (method section 11). Without it they keep their own size,
   * up to `eval.maxSide`, as in validations during training.
   */
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
  const { config, classes, panels: panelCount = 0 } = options;
  const { parIterations: iterations, parDilations: dilations } = config.pseudo;
  const par = panelCount > 0 ? new Par({ iterations, dilations }) : null;
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
      const { tags, segLogits } = await segment(image, networks, options);
      f1 += tagF1(tags, sample.tags);
      const wantsPanel = par !== null && panels.length < panelCount;
      // Activations are for comparing and for looking at; an image that is neither spares them.
      if (truth || wantsPanel) {
        const located = await locate(image, sample.tags, networks, options);
        if (truth) {
          const { width, height } = image;
          masks++;
          matrices.seg.add(truth.data, labelsOf(segLogits, width, height).data);
          const seen = labelsAt(located, width, height, config);
          matrices.cam.add(truth.data, seen.cam.data);
          matrices.affinityCam.add(truth.data, seen.affinityCam.data);
        }
        if (wantsPanel) {
          // A panel is for the eye: a large photograph need not be kept at its own size.
          const small = shrinkImage(image, config.eval.maxSide);
          const { width, height } = small;
          const { cam, affinityCam, heat } = labelsAt(located, width, height, config);
          panels.push({
            ...{ name: sample.name, tags: sample.tags, image: small, heat, cam, affinityCam },
            label: located.walked
              ? refineAffinityLabel(small, located.walked, sample.tags, { par })
              : cam,
            prediction: labelsOf(segLogits, width, height),
            ...(truth && { truth: resizeLabels(truth, width, height) }),
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

/** Tags and logits that the network gives an image it knows nothing of. */
async function segment(
  image: Image,
  { predictor }: Networks,
  { config, longSide, scales = [1], flip = false }: EvaluatorOptions,
): Promise<{ tags: number[]; segLogits: Maps }> {
  const input =
    longSide === undefined
      ? networkImage(image, config.data, config.eval.maxSide)
      : withLongSide(image, config.data, longSide);
  const { clsLogits, segLogits } = await predictor.predict(input, { scales, flip });
  return { tags: [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0), segLogits };
}

/** Where the network sees the classes that an image is known to have. */
interface Located {
  readonly classes: readonly number[];
  /** [classes, h, w], 0..1, of the size that the network saw. */
  readonly cam: Maps;
  /** [background, ...classes] on the grid of tokens, with the low and the high background score. */
  readonly walked: { readonly low: Maps; readonly high: Maps } | null;
}

async function locate(
  image: Image,
  classes: readonly number[],
  { activations }: Networks,
  { config }: EvaluatorOptions,
): Promise<Located> {
  const { lowThreshold, highThreshold, radius } = config.pseudo;
  const input = networkImage(image, config.data, config.eval.maxSide);
  const seen = classes.length > 0 ? await activations.run(input) : null;
  const cam = mergeCam(seen?.scales ?? [], classes, input.width, input.height);
  if (!seen) return { classes, cam, walked: null };
  const backgrounds = [lowThreshold, highThreshold];
  const [low, high] = propagate(cam, seen.affinity, { backgrounds, radius }) as [Maps, Maps];
  return { classes, cam, walked: { low, high } };
}

/** The labels of a size that activations stand for, and the activations themselves as heat. */
function labelsAt(
  { classes, cam: small, walked }: Located,
  width: number,
  height: number,
  { pseudo: { backgroundThreshold } }: EvaluatorOptions["config"],
): Pick<ValidationPanel, "heat" | "cam" | "affinityCam"> {
  const full = resize(small, width, height);
  const cam = pseudoLabel(full, classes, { low: backgroundThreshold, high: backgroundThreshold });
  const affinityCam = walked ? labelOf(resize(walked.low, width, height), classes) : cam;
  return { cam, affinityCam, heat: { width, height, data: highest(full) } };
}

/** The largest of the maps at every pixel. */
function highest({ count, width, height, data }: Maps): Float32Array {
  const area = width * height;
  const out = new Float32Array(area);
  for (let i = 0; i < count * area; i++) if (data[i]! > out[i % area]!) out[i % area] = data[i]!;
  return out;
}
