import { availableParallelism } from "node:os";
import { peakBytes } from "../../graph/index.ts";
import { imageInput } from "../../model/index.ts";
import { networkOf } from "../../train/trainer.ts";
import type { OpenedModel } from "../model-file.ts";
import type { ExportedModel } from "../onnx-model.ts";

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
export function mostLanes({ images }: Segmenting, cores = availableParallelism()): number {
  return Math.max(1, Math.min(most, cores, images));
}

/** How many images to compute at a time on a CPU: one a core, as far as there are images and memory. */
export function lanesFor(
  model: OpenedModel | ExportedModel,
  work: Segmenting,
  {
    cores = availableParallelism(),
    free = process.availableMemory(),
  }: { readonly cores?: number; readonly free?: number } = {},
): number {
  const wanted = mostLanes(work, cores);
  if (wanted === 1) return 1;
  const { scales, flip, longSide } = work;
  const { config, classes } = model;
  const network = model.network ?? networkOf(config, classes);
  const side = Math.ceil((longSide ?? config.eval.longSide) * Math.max(...scales));
  const { clsLogits, segLogits } = network.forward(imageInput([flip ? 2 : 1, side, side]));
  const each = peakBytes([clsLogits, segLogits]) + copies * 4 * network.size;
  return Math.max(1, Math.min(wanted, Math.floor((share * free) / each)));
}
