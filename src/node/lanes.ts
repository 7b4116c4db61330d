import { availableParallelism } from "node:os";
import type { Config } from "../config.ts";
import { photographBytes } from "../eval/activations.ts";
import { peakBytes } from "../graph/index.ts";
import { imageInput, type Afa } from "../model/index.ts";
import { networkOf } from "../train/trainer.ts";
import type { OpenedModel } from "./model-file.ts";
import type { ExportedModel } from "./onnx-model.ts";

/** What is to be segmented, and how. */
export interface Segmenting {
  readonly images: number;
  readonly scales: readonly number[];
  readonly flip: boolean;
  /** `eval.longSide` of the model if not given. */
  readonly longSide?: number | undefined;
}

/** More lanes than this only take memory: then it is time for threads inside the operators. */
const most = 4;
/** Of the free memory; the rest is for images, masks and other programs. */
const share = 0.5;
/** Copies of the weights that a session holds: its own and those packed for its kernels. */
const copies = 2;

/** How many images to compute at a time if there is memory: one a core, as far as there are images. */
export function mostLanes(
  { images }: Pick<Segmenting, "images">,
  cores = availableParallelism(),
): number {
  return Math.max(1, Math.min(most, cores, images));
}

/** What lanes share. */
export interface LaneResources {
  readonly cores?: number;
  /** Bytes of memory that are free. */
  readonly free?: number;
}

/** How many images to segment at a time on a CPU: one a core, as far as there are images and memory. */
export function lanesFor(
  model: OpenedModel | ExportedModel,
  work: Segmenting,
  resources: LaneResources = {},
): number {
  const { config, classes } = model;
  const network = model.network ?? networkOf(config, classes);
  const longSide = work.longSide ?? config.eval.longSide;
  return lanesWithin(
    () => segmentingBytes(network, { ...work, longSide }) + copies * 4 * network.size,
    work.images,
    resources,
  );
}

/** How many images of a validation to look at at a time on a CPU. */
export function validationLanes(
  network: Afa,
  { eval: { scales, flip, maxSide }, pseudo }: Pick<Config, "eval" | "pseudo">,
  images: number,
  resources: LaneResources = {},
): number {
  // Each session keeps what it once took: the one that segments, and one each without and with the affinity.
  const sessions = 3;
  return lanesWithin(
    () =>
      segmentingBytes(network, { scales, flip, longSide: maxSide }) +
      2 * photographBytes(network, { scales: pseudo.scales, side: maxSide }) +
      sessions * copies * 4 * network.size,
    images,
    resources,
  );
}

function lanesWithin(
  bytesOfOne: () => number,
  images: number,
  { cores = availableParallelism(), free = process.availableMemory() }: LaneResources,
): number {
  const wanted = mostLanes({ images }, cores);
  if (wanted === 1) return 1;
  return Math.max(1, Math.min(wanted, Math.floor((share * free) / bytesOfOne())));
}

function segmentingBytes(
  network: Afa,
  { scales, flip, longSide }: Pick<Segmenting, "scales" | "flip"> & { readonly longSide: number },
): number {
  const side = Math.ceil(longSide * Math.max(...scales));
  const { clsLogits, segLogits } = network.forward(imageInput([flip ? 2 : 1, side, side]));
  return peakBytes([clsLogits, segLogits]);
}
