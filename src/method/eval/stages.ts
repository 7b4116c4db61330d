import type { Sample, SampleReader } from "../data/sample.ts";
import type { Image, LabelMap } from "../images/image.ts";
import { resizeLabels } from "../images/resize-labels.ts";
import { resizeMaps } from "../images/resize-maps.ts";
import { affinityLabel, labelOf, propagateAffinity, windowRadius } from "../labels/index.ts";
import { type Par, parOf } from "../refine/par.ts";
import type { Maps } from "../images/maps.ts";
import { UserError } from "../../user-error.ts";
import type { ActivationPass } from "../inference/activations.ts";
import type { EvaluationProgress, EvaluatorOptions, SegmentingNetworks } from "./evaluator.ts";
import {
  labelsAt,
  locate,
  predictImage,
  readSample,
  refineOrReport,
  type Located,
} from "./look.ts";
import { ConfusionMatrix, tagF1 } from "./metrics.ts";
import { imagesAhead, overlap, type Work } from "./overlap.ts";
import { labelsOf } from "../images/labels-of-logits.ts";
import { cellsOf, pixelsOf, Tally, type ImageScores, type KnownScores } from "./tally.ts";
import type { RefineLogits } from "../inference/refine-logits.ts";
import { refinedCamLabel, refinedLabel } from "../inference/refined-label.ts";

/** Titles of the stages, in their order from activations to final masks. */
export const stageTitles = {
  cam: "CAM",
  camPar: "CAM + PAR",
  affinityCam: "affinity CAM",
  affinityCamPar: "affinity CAM + PAR",
  perfectAffinityCam: "perfect affinity",
  perfectAffinityCamPar: "perfect affinity + PAR",
  seg: "segmentation",
  views: "+ multi-scale, flip",
  crf: "+ CRF",
} as const;

export type StageName = keyof typeof stageTitles;

export interface StageScore {
  readonly name: StageName;
  readonly title: string;
  /** 0..1; NaN without a true mask. */
  readonly meanIou: number;
  /** IoU of background and every class. */
  readonly perClass: readonly number[];
}

export interface StageScores {
  /** In the order of `stageTitles`. */
  readonly stages: readonly StageScore[];
  /** Mean F1 of the tags at one scale. */
  readonly tagF1: number;
  /** Number of images scored: those with a true mask and known tags. */
  readonly masks: number;
  readonly skipped: readonly string[];
}

/** One image with its labels after every stage. */
export interface StageExample {
  readonly name: string;
  /** Classes present, from 0. */
  readonly tags: readonly number[];
  readonly image: Image;
  readonly truth: LabelMap;
  readonly stages: readonly {
    readonly name: StageName;
    readonly title: string;
    readonly labels: LabelMap;
    /** Of this image alone, over the classes in its true mask; NaN if all pixels are ignored. */
    readonly meanIou: number;
  }[];
}

export interface StageOptions extends Pick<
  EvaluatorOptions,
  "config" | "classes" | "longSide" | "ahead" | "lanes"
> {
  /** Scales of the multi-scale stage; those of the published code by default. */
  readonly scales?: readonly number[];
  /** Whether that stage averages with the mirror image; true by default. */
  readonly flip?: boolean;
  /** Number of images of which examples are returned, beginning with the first; 0 by default. */
  readonly examples?: number;
  /** CRF of the last stage, which is left out without it. */
  readonly crf?: RefineLogits;
  /** Scores of images that were measured before, by their number among those that are scored. */
  readonly known?: KnownScores;
}

type StageLabels = Partial<Record<StageName, LabelMap>>;

/**
 * Scores one model after each stage of the method, from class activation maps to the CRF, in one pass over the samples
 * with true masks. The activation stages use the true tags, as labeling does, and ignore no pixel: CAM above
 * `backgroundThreshold` (method 2.4), the same refined by PAR, CAM propagated with `lowThreshold` (method 2.6), the
 * same refined by PAR (method 2.8). Those with a perfect affinity, which links the tokens whose true labels are equal, show how
 * far any affinity could come on this grid. An exported model has none of these. The segmentation stages use the image alone
 * (method 3.1). Yields progress; returns the scores and examples.
 */
export async function* evaluateStages(
  samples: readonly Sample[],
  reader: SampleReader,
  networks: SegmentingNetworks,
  options: StageOptions,
): AsyncGenerator<EvaluationProgress, StageScores & { readonly examples: StageExample[] }> {
  const { classes, crf, ahead = 4, lanes = 1, examples: wanted = 0 } = options;
  const names = stageNames({ activations: !!networks.activations, crf: crf !== undefined });
  const size = classes.length + 1;
  const tally = new Tally(names, size);
  const skipped: string[] = [];
  const examples: StageExample[] = [];
  let done = 0;
  const scored = samples.filter(({ mask, untagged }) => mask !== undefined && !untagged);
  const looks = stagesOfEach(scored, reader, networks, options);
  for await (const { index, look } of overlap(looks, imagesAhead({ lanes, crf: !!crf, ahead }))) {
    const progress = { done: ++done, total: scored.length };
    if (look instanceof UserError) {
      skipped.push(look.message);
      yield progress;
      continue;
    }
    const known = "scores" in look;
    let scores: ImageScores;
    if (known) {
      ({ scores } = look);
    } else {
      const matrices = pixelsOf(look.truth.data, look.labels, size);
      scores = { tagF1: look.f1, pixels: cellsOf(matrices) };
      if (examples.length < wanted) examples.push(exampleOf(look, names, size));
    }
    tally.add(scores);
    yield { ...progress, measured: { index, name: scored[index]!.name, scores, known } };
  }
  return { ...stageScoresOf(names, tally, skipped), examples };
}

/** The stages that can be scored, in their order. */
export function stageNames({
  activations,
  crf,
}: {
  readonly activations: boolean;
  readonly crf: boolean;
}): StageName[] {
  return (Object.keys(stageTitles) as StageName[]).filter((name) => {
    if (name === "crf") return crf;
    return activations || name === "seg" || name === "views";
  });
}

/** The scores of the images that were counted. */
export function stageScoresOf(
  names: readonly StageName[],
  tally: Tally<StageName>,
  skipped: readonly string[],
): StageScores {
  const stages = names.map((name) => ({
    name,
    title: stageTitles[name],
    meanIou: tally.matrices[name].meanIou(),
    perClass: tally.matrices[name].iou(),
  }));
  const { tagF1, masks } = tally;
  return { stages, tagF1, masks, skipped };
}

function exampleOf(
  { sample: { name, tags }, image, truth, labels }: StageLook,
  names: readonly StageName[],
  size: number,
): StageExample {
  const stages = names.map((stage) => {
    const matrix = new ConfusionMatrix(size);
    matrix.add(truth.data, labels[stage]!.data);
    return {
      name: stage,
      title: stageTitles[stage],
      labels: labels[stage]!,
      meanIou: matrix.meanIou(),
    };
  });
  return { name, tags, image, truth, stages };
}

interface StageLook {
  readonly sample: Sample;
  readonly image: Image;
  readonly truth: LabelMap;
  readonly labels: StageLabels;
  readonly f1: number;
}

/** A sample's outcome, or its scores if they were known before. */
interface StageOutcome {
  readonly index: number;
  readonly look: StageLook | { readonly scores: ImageScores } | UserError;
}

async function* stagesOfEach(
  samples: readonly Sample[],
  reader: SampleReader,
  networks: SegmentingNetworks,
  options: StageOptions,
): AsyncGenerator<Work<StageOutcome>> {
  const { crf, lanes = 1, known } = options;
  const par = parOf(options.config);
  for (const [index, sample] of samples.entries()) {
    const scores = known?.(index);
    if (scores) {
      yield { finished: Promise.resolve({ index, look: { scores } }) };
      continue;
    }
    const pixels = await readSample(sample, reader);
    if (pixels instanceof UserError) {
      yield { finished: Promise.resolve({ index, look: pixels }) };
      continue;
    }
    const { image, truth } = pixels;
    if (!truth) continue;
    const pending = stagesOf(sample, { image, truth }, networks, options, par);
    // With a single session, a second run would only need memory and not be faster.
    if (lanes === 1) await pending;
    const finished = pending.then(async ({ look, segLogits }): Promise<StageOutcome> => {
      if (!crf) return { index, look };
      const refined = await refineOrReport(crf, sample, image, segLogits);
      return {
        index,
        look:
          refined instanceof UserError
            ? refined
            : { ...look, labels: { ...look.labels, crf: refined } },
      };
    });
    yield { finished };
  }
}

/** All stages of an image before the CRF, and the logits that the CRF refines. */
async function stagesOf(
  sample: Sample,
  { image, truth }: { readonly image: Image; readonly truth: LabelMap },
  { predictor, activations }: SegmentingNetworks,
  { config, longSide, scales = [1, 0.5, 0.75], flip = true }: StageOptions,
  par: Par,
): Promise<{ look: StageLook; segLogits: Maps }> {
  const { width, height } = image;
  const view = { config, ...(longSide !== undefined && { longSide }) };
  const activation = activations
    ? await activationLabels(image, truth, sample.tags, { activations, par, config })
    : {};
  const single = await predictImage(image, predictor, view);
  const { segLogits } = await predictImage(image, predictor, { ...view, scales, flip });
  const labels: StageLabels = {
    ...activation,
    seg: labelsOf(single.segLogits, width, height),
    views: labelsOf(segLogits, width, height),
  };
  return { look: { sample, image, truth, labels, f1: tagF1(single.tags, sample.tags) }, segLogits };
}

/** Labels of the stages that use the true tags. */
async function activationLabels(
  image: Image,
  truth: LabelMap,
  tags: readonly number[],
  {
    activations,
    par,
    config,
  }: { activations: ActivationPass; par: Par; config: StageOptions["config"] },
): Promise<StageLabels> {
  const { width, height } = image;
  const located = await locate(image, tags, activations, config);
  const { cam, affinityCam } = labelsAt(located, width, height, config.pseudo);
  const perfect = perfectlyPropagated(located, truth, config.pseudo);
  const background = config.pseudo.backgroundThreshold;
  return {
    cam,
    camPar: refinedCamLabel(image, located.cam, tags, { background, par }),
    affinityCam,
    // Without tags there is nothing to propagate, and all pixels are background.
    affinityCamPar: located.propagated
      ? refinedLabel(image, located.propagated.low, tags, par).labels
      : affinityCam,
    perfectAffinityCam: perfect ? labelOf(resizeMaps(perfect, width, height), tags) : affinityCam,
    perfectAffinityCamPar: perfect ? refinedLabel(image, perfect, tags, par).labels : affinityCam,
  };
}

/** CAM propagated along the affinity of the true labels, on the grid of the network's own; null without tags. */
function perfectlyPropagated(
  { cam, propagated }: Located,
  truth: LabelMap,
  { lowThreshold, radius }: StageOptions["config"]["pseudo"],
): Maps | null {
  if (!propagated) return null;
  const { width, height } = propagated.low;
  const window = windowRadius(radius, { width, height });
  const tokens = resizeLabels(truth, width, height);
  const links = affinityLabel(tokens, { stride: 1, radius: window }).data;
  const data = Float32Array.from(links, (link) => Number(link === 1));
  const options = { backgrounds: [lowThreshold], radius: window };
  return propagateAffinity(cam, { width, height, data }, options)[0]!;
}
