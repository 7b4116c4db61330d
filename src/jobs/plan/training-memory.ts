import type { Config } from "../../method/config.ts";
import { activationBytes } from "../../method/inference/activations.ts";
import { peakBytes } from "../../engine/graph/index.ts";
import type { Afa } from "../../method/model/index.ts";
import { probabilityTensor, stepTensors } from "../../method/train/step-graph.ts";

/** The process itself with its libraries, images on their way, and label maps. */
const base = 350e6;
/**
 * What ONNX Runtime's arena takes beside the values alive; measured at crops of 320 and 512. It grows by
 * doubling: of little it is a larger part.
 */
const arena = { step: 1.3, activations: 2 };

/** Of the free memory, what a training may plan with; the rest is left to everything else on the machine. */
export const plannedShare = 0.9;

/**
 * Bytes that training with these settings takes on a CPU, labels made in its own thread. At batch 2 of mit_b1
 * 19 % more than was measured at crop 320, 17 % more at 512; of COCO's 81 classes at 512 it is 12 % less.
 */
export function trainingBytes(network: Afa, config: Config): number {
  const { data, model, pseudo, train, loss } = config;
  const pass = {
    batch: train.microBatch > 0 ? train.microBatch : data.batch,
    crop: data.crop,
    dropPath: model.dropPath > 0,
    dropout: model.dropout > 0,
  };
  const energy = loss.regularization > 0;
  const { outputs } = stepTensors(network, {
    ...pass,
    ...{ kind: "full", whole: data.batch, energy, learned: network.trainable },
  });
  const { scales } = pseudo;
  const values =
    peakBytes(Object.values(outputs)) +
    (energy ? peakBytes([probabilityTensor(network, pass)]) : 0);
  const activations = activationBytes(network, { scales, side: data.crop });
  // Values, gradients and two moments.
  return base + 16 * network.size + arena.step * values + arena.activations * activations;
}

/**
 * The setting of `train.microBatch` that fits into so many bytes: the whole batch if it does, else the
 * largest part that does, else a single crop.
 */
export function fittingMicroBatch(network: Afa, config: Config, bytes: number): number {
  const { batch } = config.data;
  const sizes = Array.from({ length: batch }, (_, i) => batch - i).filter((n) => batch % n === 0);
  const fits = (microBatch: number): boolean =>
    trainingBytes(network, { ...config, train: { ...config.train, microBatch } }) <= bytes;
  const size = sizes.find(fits) ?? 1;
  return size === batch ? 0 : size;
}
