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
 * ones and tags (method sections 11 and 13). Yields progress, returns the scores and panels.
 */
export async function* evaluate(
  samples: readonly Sample[],
  reader: SampleReader,
  { predictor, activations }: { predictor: Predictor; activations: ActivationPass },
  { config, classes, panels: panelCount = 0, scales = [1], flip = false }: EvaluatorOptions,
): AsyncGenerator<EvaluationProgress, ValidationScores & { panels: ValidationPanel[] }> {
  const { lowThreshold, highThreshold, backgroundThreshold, radius, parIterations, parDilations } =
    config.pseudo;
  const matrices = {
    cam: new ConfusionMatrix(classes.length + 1),
    affinityCam: new ConfusionMatrix(classes.length + 1),
    seg: new ConfusionMatrix(classes.length + 1),
  };
  const par = new Par({ iterations: parIterations, dilations: parDilations });
  const panels: ValidationPanel[] = [];
  let f1 = 0;
  let masks = 0;
  for (const [done, sample] of samples.entries()) {
    const image = await reader.readImage(sample);
    const { width, height } = image;
    const input = networkImage(image, config.data, config.eval.maxSide);
    const { clsLogits, segLogits } = await predictor.predict(input, { scales, flip });
    f1 += tagF1(
      [...clsLogits.keys()].filter((c) => clsLogits[c]! > 0),
      sample.tags,
    );
    const prediction = labelsOf(segLogits, width, height);
    const truth = sample.mask === undefined ? undefined : await reader.readMask(sample);
    if (truth || panels.length < panelCount) {
      const classesHere = sample.tags;
      const seen = classesHere.length > 0 ? await activations.run(input) : null;
      const small = mergeCam(seen?.scales ?? [], classesHere, input.width, input.height);
      const cam = resize(small, width, height);
      const camLabel = pseudoLabel(cam, classesHere, {
        low: backgroundThreshold,
        high: backgroundThreshold,
      });
      const backgrounds = [lowThreshold, highThreshold];
      const walked = seen
        ? (propagate(small, seen.affinity, { backgrounds, radius }) as [Maps, Maps])
        : null;
      const affinityCam = walked
        ? labelOf(resize(walked[0], width, height), classesHere)
        : camLabel;
      if (truth) {
        masks++;
        matrices.seg.add(truth.data, prediction.data);
        matrices.cam.add(truth.data, camLabel.data);
        matrices.affinityCam.add(truth.data, affinityCam.data);
      }
      if (panels.length < panelCount) {
        const label = walked
          ? refineAffinityLabel(image, { low: walked[0], high: walked[1] }, classesHere, { par })
          : camLabel;
        panels.push({
          name: sample.name,
          image,
          tags: sample.tags,
          heat: { width, height, data: highest(cam) },
          cam: camLabel,
          affinityCam,
          label,
          prediction,
          ...(truth && { truth }),
        });
      }
    }
    yield { done: done + 1, total: samples.length };
  }
  const { cam, affinityCam, seg } = matrices;
  return {
    metrics: {
      cam: cam.meanIou(),
      affinityCam: affinityCam.meanIou(),
      seg: seg.meanIou(),
      tagF1: f1 / samples.length,
    },
    perClass: { cam: cam.iou(), affinityCam: affinityCam.iou(), seg: seg.iou() },
    accuracy: { pixel: seg.pixelAccuracy(), mean: seg.meanAccuracy() },
    images: samples.length,
    masks,
    panels,
  };
}

/** The largest of the maps at every pixel. */
function highest({ count, width, height, data }: Maps): Float32Array {
  const area = width * height;
  const out = new Float32Array(area);
  for (let i = 0; i < count * area; i++) if (data[i]! > out[i % area]!) out[i % area] = data[i]!;
  return out;
}
