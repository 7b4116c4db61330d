import type { Config } from "../../method/config.ts";
import { photographBytes } from "../../method/inference/activations.ts";
import { peakBytes } from "../../engine/graph/index.ts";
import type { Machine } from "../../host/machine.ts";
import { imageInput, type Afa } from "../../method/model/index.ts";
import { networkOf } from "../../method/model/network-of.ts";
import type { ExportedModel, OpenedModel } from "../../method/inference/model.ts";

/** A number of images to segment, and the views of each. */
export interface Segmenting {
  readonly images: number;
  /** `eval.scales`, `eval.flip` and `eval.longSide` of the model by default. */
  readonly scales?: readonly number[] | undefined;
  readonly flip?: boolean | undefined;
  readonly longSide?: number | undefined;
  /** Whether class activations are computed too. */
  readonly activations?: boolean;
}

/** Largest number of lanes; further cores are better used inside the operators. */
const maxLanes = 4;
/** Part of the free memory that lanes may take; the rest is for images, masks and other programs. */
const memoryShare = 0.5;
/**
 * Bytes that all lanes of an evaluation may take. Views that need more are so large that one of them keeps all cores
 * busy, and lanes gain nothing.
 */
const evaluationRoom = 1e9;
/** Copies of the weights in a session: the plain ones and those packed for its kernels. */
const weightCopies = 2;

/** The facts about a machine that lanes depend on. */
type Resources = Pick<Machine, "cores" | "freeMemory">;

/** Images to compute side by side if memory allows: one per core, at most all of them. */
export function mostLanes(
  { images }: Pick<Segmenting, "images">,
  { cores }: Pick<Machine, "cores">,
): number {
  return Math.max(1, Math.min(maxLanes, cores, images));
}

/** The views of an image whose logits are merged. */
interface View {
  readonly scales: readonly number[];
  readonly flip: boolean;
  readonly longSide: number;
}

/** Images to compute side by side on a CPU: one per core, as far as images and memory suffice. */
export function lanesFor(
  model: OpenedModel | ExportedModel,
  { images, ...work }: Segmenting,
  machine: Resources,
): number {
  const { config, classes } = model;
  const network = model.network ?? networkOf(config, classes);
  const { scales = config.eval.scales, flip = config.eval.flip } = work;
  const view = { scales, flip, longSide: work.longSide ?? config.eval.longSide };
  return work.activations && model.network
    ? evaluationLanes(network, config, view, images, machine)
    : lanesWithin(() => segmentingBytes(network, view), images, machine);
}

/** Images of a validation to compute side by side on a CPU. */
export function validationLanes(
  network: Afa,
  config: Pick<Config, "eval" | "pseudo">,
  images: number,
  machine: Resources,
): number {
  const { scales, flip, maxSide } = config.eval;
  const view = { scales, flip, longSide: maxSide };
  return evaluationLanes(network, config, view, images, machine);
}

/** Lanes for images that are segmented and whose activations are computed too. */
function evaluationLanes(
  network: Afa,
  config: Pick<Config, "eval" | "pseudo">,
  view: View,
  images: number,
  machine: Resources,
): number {
  const bytesOfOne = (): number =>
    segmentingBytes(network, view) + activatingBytes(network, config);
  return lanesWithin(bytesOfOne, images, machine, evaluationRoom);
}

function lanesWithin(
  bytesOfOne: () => number,
  images: number,
  machine: Resources,
  room = Infinity,
): number {
  const wanted = mostLanes({ images }, machine);
  if (wanted === 1) return 1;
  const bytes = Math.min(room, memoryShare * machine.freeMemory());
  return Math.max(1, Math.min(wanted, Math.floor(bytes / bytesOfOne())));
}

/** Bytes that one session takes. */
function segmentingBytes(network: Afa, { scales, flip, longSide }: View): number {
  const side = Math.ceil(longSide * Math.max(...scales));
  const { clsLogits, segLogits } = network.forward(imageInput([flip ? 2 : 1, side, side]));
  return peakBytes([clsLogits, segLogits]) + weightBytes(network);
}

/** Bytes of two sessions, with and without the affinity; each keeps the memory of its peak. */
function activatingBytes(network: Afa, config: Pick<Config, "eval" | "pseudo">): number {
  const view = { scales: config.pseudo.scales, side: config.eval.maxSide };
  return 2 * (photographBytes(network, view) + weightBytes(network));
}

/** Bytes of a session's copies of the weights. */
function weightBytes(network: Afa): number {
  return weightCopies * 4 * network.size;
}
