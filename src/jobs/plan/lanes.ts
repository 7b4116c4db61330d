import { availableParallelism } from "node:os";
import type { Config } from "../../method/config.ts";
import { photographBytes } from "../../method/inference/activations.ts";
import { peakBytes } from "../../engine/graph/index.ts";
import { imageInput, type Afa } from "../../method/model/index.ts";
import { networkOf } from "../../method/model/network-of.ts";
import type { ExportedModel, OpenedModel } from "../../method/inference/model.ts";

/** What is to be segmented, and how. */
export interface Segmenting {
  readonly images: number;
  /** `eval.scales`, `eval.flip` and `eval.longSide` of the model if not given. */
  readonly scales?: readonly number[] | undefined;
  readonly flip?: boolean | undefined;
  readonly longSide?: number | undefined;
  /** Whether its activations are to be looked at too. */
  readonly activations?: boolean;
}

/** More lanes than this only take memory: then it is time for threads inside the operators. */
const most = 4;
/** Of the free memory; the rest is for images, masks and other programs. */
const share = 0.5;
/**
 * Bytes that all lanes of an evaluation may take: views that take more are so large that all cores are busy
 * with one of them, and lanes gain nothing.
 */
const evaluationRoom = 1e9;
/** Copies of the weights that a session holds: its own and those packed for its kernels. */
const copies = 2;

/** How many images to compute at a time if there is memory: one a core, as far as there are images. */
export function mostLanes(
  { images }: Pick<Segmenting, "images">,
  cores = availableParallelism(),
): number {
  return Math.max(1, Math.min(most, cores, images));
}

/** How an image is segmented. */
interface View {
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly longSide: number;
}

/** What lanes share. */
export interface LaneResources {
  readonly cores?: number;
  /** Bytes of memory that are free. */
  readonly free?: number;
}

/** How many images to look at at a time on a CPU: one a core, as far as there are images and memory. */
export function lanesFor(
  model: OpenedModel | ExportedModel,
  { images, ...work }: Segmenting,
  resources: LaneResources = {},
): number {
  const { config, classes } = model;
  const network = model.network ?? networkOf(config, classes);
  const { scales = config.eval.scales, flip = config.eval.flip } = work;
  const view = { scales, flip, longSide: work.longSide ?? config.eval.longSide };
  return work.activations && model.network
    ? evaluationLanes(network, config, view, images, resources)
    : lanesWithin(() => segmentingBytes(network, view), images, resources);
}

/** How many images of a validation to look at at a time on a CPU. */
export function validationLanes(
  network: Afa,
  config: Pick<Config, "eval" | "pseudo">,
  images: number,
  resources: LaneResources = {},
): number {
  const { scales, flip, maxSide } = config.eval;
  const view = { scales, flip, longSide: maxSide };
  return evaluationLanes(network, config, view, images, resources);
}

/** Of images that are segmented, and whose activations are looked at. */
function evaluationLanes(
  network: Afa,
  config: Pick<Config, "eval" | "pseudo">,
  view: View,
  images: number,
  resources: LaneResources,
): number {
  const bytesOfOne = (): number =>
    segmentingBytes(network, view) + activatingBytes(network, config);
  return lanesWithin(bytesOfOne, images, resources, evaluationRoom);
}

function lanesWithin(
  bytesOfOne: () => number,
  images: number,
  { cores = availableParallelism(), free = process.availableMemory() }: LaneResources,
  room = Infinity,
): number {
  const wanted = mostLanes({ images }, cores);
  if (wanted === 1) return 1;
  return Math.max(1, Math.min(wanted, Math.floor(Math.min(room, share * free) / bytesOfOne())));
}

/** Of one session. */
function segmentingBytes(network: Afa, { scales, flip, longSide }: View): number {
  const side = Math.ceil(longSide * Math.max(...scales));
  const { clsLogits, segLogits } = network.forward(imageInput([flip ? 2 : 1, side, side]));
  return peakBytes([clsLogits, segLogits]) + weightBytes(network);
}

/** Of two sessions, without and with the affinity: each keeps what it once took. */
function activatingBytes(network: Afa, config: Pick<Config, "eval" | "pseudo">): number {
  const view = { scales: config.pseudo.scales, side: config.eval.maxSide };
  return 2 * (photographBytes(network, view) + weightBytes(network));
}

/** Of a session's copies of the weights. */
function weightBytes(network: Afa): number {
  return copies * 4 * network.size;
}
