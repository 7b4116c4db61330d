import type { Config } from "../config.ts";
import { alone, type Exchange } from "../../host/exchange.ts";
import { resizeLabels } from "../images/resize-labels.ts";
import type { Sample, SampleReader } from "../data/sample.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { type Par, parOf } from "../refine/par.ts";
import { refineAffinityLabel } from "../labels/index.ts";
import type { Maps } from "../images/maps.ts";
import { UserError } from "../../user-error.ts";
import type { ActivationPass } from "../inference/activations.ts";
import {
  labelsAt,
  locate,
  predictImage,
  readSample,
  refineOrReport,
  type Heat,
  type Located,
  type ViewOptions,
} from "./look.ts";
import { tagF1, type ConfusionMatrix } from "./metrics.ts";
import { shrinkImage } from "../images/shrink-large.ts";
import { imagesAhead, overlap, type Work } from "./overlap.ts";
import { labelsOf } from "../images/labels-of-logits.ts";
import {
  type ImageScores,
  type KnownScores,
  type SampleOutcome,
  Tally,
  cellsOf,
  gatherOutcomes,
  pixelsOf,
  shareOf,
} from "./tally.ts";
import type { Predictor } from "../inference/predictor.ts";
import type { RefineLogits } from "../inference/refine-logits.ts";

/** Scores, 0..1; NaN if there is no true mask or tag to compare with. */
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
  /** Images evaluated. */
  readonly images: number;
  /** Those of them with a true mask. */
  readonly masks: number;
  /** Images or masks that could not be used, one sentence each. */
  readonly skipped: readonly string[];
}

/** One image with its labels, to be drawn. */
export interface ValidationPanel {
  readonly name: string;
  readonly image: Image;
  /** Classes present, from 0. */
  readonly tags: readonly number[];
  readonly heat: Heat;
  readonly cam: LabelMap;
  readonly affinityCam: LabelMap;
  /** Label that training would use. */
  readonly label: LabelMap;
  readonly prediction: LabelMap;
  readonly truth?: LabelMap;
}

export interface EvaluatorOptions extends ViewOptions {
  readonly config: Pick<Config, "data" | "pseudo" | "eval">;
  /** Foreground class names. */
  readonly classes: readonly string[];
  /** Number of images of which panels are made, beginning with the first. */
  readonly panels?: number;
  /** Whether class activations are scored too, which takes longer than the segmentation; true by default. */
  readonly cam?: boolean;
  /** Refinement of the segmentation, which is then scored as well. The next images start while it runs. */
  readonly crf?: RefineLogits;
  /** Number of images that `crf` may refine at the same time. */
  readonly ahead?: number;
  /**
   * Number of images that the networks process at the same time, at most as many as their runtime can; 1 by default.
   */
  readonly lanes?: number;
  /** Whether progress has the result of each image. */
  readonly results?: boolean;
  /** Scores of images that were measured before, which are not measured again; they have no panels and no result. */
  readonly known?: KnownScores;
  /** Processes that evaluate the samples together, each some of them; all get the scores of all, rank 0 the panels. */
  readonly exchange?: Exchange;
}

/** Passes with which a network is evaluated. */
export interface Networks {
  readonly predictor: Predictor;
  readonly activations: ActivationPass;
}

/** `Networks` that may lack activations, as exported models do. */
export type SegmentingNetworks = Pick<Networks, "predictor"> & {
  readonly activations?: ActivationPass | null | undefined;
};

/** One image with a true mask, and its segmentation, refined by the CRF if there is one. */
export interface ImageResult {
  readonly sample: Sample;
  readonly image: Image;
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
  /** Mean IoU of this image alone, over the classes in its true mask; NaN if all pixels are ignored. */
  readonly meanIou: number;
}

export interface EvaluationProgress {
  readonly done: number;
  readonly total: number;
  /** Only with the option `results`, and only for an image with a true mask. */
  readonly result?: ImageResult;
  /** The image that was measured, if it could be. */
  readonly measured?: MeasuredSample;
}

/** What an image adds to the scores. */
export interface MeasuredSample {
  /** Number of the image among the samples, from 0. */
  readonly index: number;
  readonly name: string;
  readonly scores: ImageScores;
  /** Whether the scores were known before. */
  readonly known: boolean;
}

/** Scores, and the pixel counts behind them. */
export interface Evaluation extends ValidationScores {
  readonly panels: ValidationPanel[];
  /** Pixels by true and predicted class; empty or absent for kinds that were not scored. */
  readonly matrices: Readonly<Record<Measured, ConfusionMatrix>> & {
    readonly crf?: ConfusionMatrix;
  };
}

/** Kind of labels that are scored. */
export type Measured = "cam" | "affinityCam" | "seg";

/** The same, and the segmentation as the CRF refines it. */
export type MeasuredKind = Measured | "crf";

/**
 * Scores the segmentation, the class activation maps, the propagated ones and the tags of a network on samples (method
 * 3.1, 3.3 and 3.4). Images and masks that cannot be read are left out and listed as skipped. Yields progress in the
 * order of the samples; returns the scores and panels.
 */
export async function* evaluate(
  samples: readonly Sample[],
  reader: SampleReader,
  networks: SegmentingNetworks,
  options: EvaluatorOptions,
): AsyncGenerator<EvaluationProgress, Evaluation> {
  const { classes, crf: refine, ahead = 4, lanes = 1, results = false, exchange = alone } = options;
  const size = classes.length + 1;
  const tally = new Tally(measuredKinds(refine !== undefined), size);
  const panels: ValidationPanel[] = [];
  const skipped: string[] = [];
  const count = (outcome: ImageScores | string): void => {
    if (typeof outcome === "string") skipped.push(outcome);
    else tally.add(outcome);
  };
  // What several processes evaluate is counted at the end, in the order of the samples.
  const outcomes: SampleOutcome[] = [];
  const enter = (place: number, outcome: ImageScores | string): void => {
    if (exchange.size === 1) count(outcome);
    else outcomes.push([place, outcome]);
  };
  const { panels: panelCount = 0, known } = options;
  const own = shareOf(samples.length, panelCount, exchange);
  const total = own.length;
  let done = 0;
  const looks = lookAtEach(
    own.map((place) => samples[place]!),
    reader,
    networks,
    {
      ...options,
      panels: exchange.rank === 0 ? panelCount : 0,
      ...(known && { known: (i) => known(own[i]!) }),
    },
  );
  for await (const look of overlap(looks, imagesAhead({ lanes, crf: !!refine, ahead }))) {
    const index = own[done++]!;
    if (look instanceof UserError) {
      enter(index, look.message);
      yield { done, total };
      continue;
    }
    const { name } = samples[index]!;
    if ("scores" in look) {
      enter(index, look.scores);
      yield { done, total, measured: { index, name, scores: look.scores, known: true } };
      continue;
    }
    if (look.panel) panels.push(look.panel);
    const { scores, result } = scoresOf(look, size);
    enter(index, scores);
    const measured = { index, name, scores, known: false };
    yield { done, total, measured, ...(results && result && { result }) };
  }
  if (exchange.size > 1) {
    for (const [, outcome] of await gatherOutcomes(exchange, outcomes)) count(outcome);
  }
  return { ...evaluationOf(tally, samples.length, skipped), panels };
}

/** Kinds of labels whose pixels an evaluation counts. */
export function measuredKinds(withCrf: boolean): readonly MeasuredKind[] {
  return ["cam", "affinityCam", "seg", ...(withCrf ? (["crf"] as const) : [])];
}

/** The scores of the images that were counted. @param total number of images, with those left out */
export function evaluationOf(
  tally: Tally<MeasuredKind>,
  total: number,
  skipped: readonly string[],
): Omit<Evaluation, "panels"> {
  const { cam, affinityCam, seg } = tally.matrices;
  const crf = tally.matrices.crf as ConfusionMatrix | undefined;
  return {
    metrics: {
      cam: cam.meanIou(),
      affinityCam: affinityCam.meanIou(),
      seg: seg.meanIou(),
      tagF1: tally.tagF1,
    },
    perClass: { cam: cam.iou(), affinityCam: affinityCam.iou(), seg: seg.iou() },
    accuracy: { pixel: seg.pixelAccuracy(), mean: seg.meanAccuracy() },
    images: total - skipped.length,
    masks: tally.masks,
    skipped,
    matrices: { cam, affinityCam, seg, ...(crf && { crf }) },
  };
}

/** What an image adds to the scores, and its result if it has a true mask. */
function scoresOf(
  { sample, image, truth, tags, labels, crf }: Look,
  size: number,
): { readonly scores: ImageScores; readonly result?: ImageResult } {
  const f1 = sample.untagged ? {} : { tagF1: tagF1(tags, sample.tags) };
  if (!truth || !labels) return { scores: f1 };
  const matrices = pixelsOf(truth.data, { ...labels, crf }, size);
  const meanIou = (matrices.crf ?? matrices.seg!).meanIou();
  return {
    scores: { ...f1, pixels: cellsOf(matrices) },
    result: { sample, image, truth, prediction: crf ?? labels.seg, meanIou },
  };
}

/** Results for one sample. */
interface Look {
  readonly sample: Sample;
  readonly image: Image;
  readonly truth: LabelMap | undefined;
  /** Predicted tags, counted from 0. */
  readonly tags: readonly number[];
  /** Only with a true mask. */
  readonly labels?: { readonly seg: LabelMap } & Partial<Record<"cam" | "affinityCam", LabelMap>>;
  readonly crf?: LabelMap;
  readonly panel?: ValidationPanel;
}

/** A sample whose scores were known before. */
interface KnownLook {
  readonly scores: ImageScores;
}

/** Processes samples one after the other, or several at a time in lanes, without waiting for the CRF. */
async function* lookAtEach(
  samples: readonly Sample[],
  reader: SampleReader,
  networks: SegmentingNetworks,
  options: EvaluatorOptions,
): AsyncGenerator<Work<Look | KnownLook | UserError>> {
  const { config, panels: panelCount = 0, crf, lanes = 1, known } = options;
  const par = panelCount > 0 && networks.activations ? parOf(config) : undefined;
  let panels = 0;
  for (const [index, sample] of samples.entries()) {
    const scores = known?.(index);
    if (scores) {
      yield { finished: Promise.resolve({ scores }) };
      continue;
    }
    const pixels = await readSample(sample, reader);
    if (pixels instanceof UserError) {
      yield { finished: Promise.resolve(pixels) };
      continue;
    }
    const wantsPanel = par !== undefined && !sample.untagged && panels++ < panelCount;
    const pending = lookAt(sample, pixels, networks, options, wantsPanel ? par : undefined);
    // With a single session, a second run would only need memory and not be faster.
    if (lanes === 1) await pending;
    const finished = pending.then(({ look, segLogits }) =>
      crf && look.truth ? withCrf(look, segLogits, crf) : look,
    );
    yield { finished };
  }
}

/** Runs the network on one sample. @param par refinement for the label of the panel; without it there is no panel */
async function lookAt(
  sample: Sample,
  { image, truth }: { readonly image: Image; readonly truth: LabelMap | undefined },
  { predictor, activations }: SegmentingNetworks,
  options: EvaluatorOptions,
  par: Par | undefined,
): Promise<{ look: Look; segLogits: Maps }> {
  const { config, cam: wantsCam = true } = options;
  const { tags, segLogits } = await predictImage(image, predictor, options);
  // Activations need known tags, and are computed only if a score or a panel needs them.
  const located =
    activations && !sample.untagged && (par || (wantsCam && truth))
      ? await locate(image, sample.tags, activations, config)
      : undefined;
  let look: Look = { sample, image, truth, tags };
  if (truth) {
    const { width, height } = image;
    const activationLabels = located && wantsCam && labelsAt(located, width, height, config.pseudo);
    const labels = {
      seg: labelsOf(segLogits, width, height),
      ...(activationLabels && {
        cam: activationLabels.cam,
        affinityCam: activationLabels.affinityCam,
      }),
    };
    look = { ...look, labels };
  }
  if (par && located) look = { ...look, panel: panelOf(look, segLogits, located, config, par) };
  return { look, segLogits };
}

function panelOf(
  { sample, image, truth }: Look,
  segLogits: Maps,
  located: Located,
  config: EvaluatorOptions["config"],
  par: Par,
): ValidationPanel {
  // Panels are only drawn, so large photographs are shrunk to save memory.
  const small = shrinkImage(image, config.eval.maxSide);
  const { width, height } = small;
  const { cam, affinityCam, heat } = labelsAt(located, width, height, config.pseudo);
  return {
    name: sample.name,
    tags: sample.tags,
    image: small,
    heat,
    cam,
    affinityCam,
    label: located.propagated
      ? refineAffinityLabel(small, located.propagated, sample.tags, { par })
      : cam,
    prediction: labelsOf(segLogits, width, height),
    ...(truth && { truth: resizeLabels(truth, width, height) }),
  };
}

/** Adds the labels refined by the CRF. */
async function withCrf(
  look: Look,
  segLogits: Maps,
  refine: RefineLogits,
): Promise<Look | UserError> {
  const labels = await refineOrReport(refine, look.sample, look.image, segLogits);
  return labels instanceof UserError ? labels : { ...look, crf: labels };
}
