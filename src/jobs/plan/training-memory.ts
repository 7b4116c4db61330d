import type { Config } from "../../method/config.ts";
import { activationBytes } from "../../method/inference/activations.ts";
import { peakBytes } from "../../engine/graph/index.ts";
import type { Afa } from "../../method/model/index.ts";
import { synchronizesNorm } from "../../method/train/micro-batch-sums.ts";
import {
  probabilityTensor,
  stepTensors,
  type StepGraphOptions,
} from "../../method/train/step-graph.ts";
import { fusedTensors, gradientSums } from "../../method/train/synchronized-norm.ts";

/** Bytes of the process with its libraries, images being loaded, and label maps. */
const baseBytes = 350e6;
/**
 * Memory of ONNX Runtime's arena, in multiples of the values alive; measured at crops of 320 and 512. It grows by
 * doubling, so that small graphs have a larger share of unused memory.
 */
const arena = { step: 1.3, activations: 2 };

/** Part of the free memory that a training may plan with; the rest is left to everything else on the machine. */
export const plannedShare = 0.9;

/**
 * Bytes that training with these settings takes on a CPU, with labels computed in its own thread. For mit_b1 and batch 2
 * the estimate is 19 % above the measurement at crop 320 and 17 % above it at 512; with COCO's 81 classes at 512 it is
 * 12 % below.
 */
export function trainingBytes(network: Afa, config: Config): number {
  const { data, model, pseudo, train, loss } = config;
  const pass = {
    batch: train.microBatch > 0 ? train.microBatch : data.batch,
    crop: data.crop,
    dropPath: model.dropPath > 0,
    dropout: model.dropout > 0,
    synchronized: synchronizesNorm(config),
  };
  const energy = loss.regularization > 0;
  const step: StepGraphOptions = {
    ...{ ...pass, kind: "full", whole: data.batch, energy, learned: network.trainable },
  };
  const { outputs } = stepTensors(network, step);
  const { scales } = pseudo;
  const values =
    peakBytes(Object.values(outputs)) +
    (energy ? peakBytes([probabilityTensor(network, pass)]) : 0) +
    (pass.synchronized ? normBytes(network, step) : 0);
  const activations = activationBytes(network, { scales, side: data.crop });
  // Of the pairwise sum over 2^k parts, k − 1 sums wait while the gradients of a part are computed.
  const waiting = Math.max(0, Math.floor(Math.log2(data.batch / pass.batch)) - 1);
  // Each parameter has a value, a gradient and two moments of 4 bytes.
  const parameters = (16 + 4 * waiting) * network.size;
  return baseBytes + parameters + arena.step * values + arena.activations * activations;
}

/** Bytes of values of the passes that a synchronized BatchNorm needs, and of what they hand over for the whole batch. */
function normBytes(network: Afa, step: StepGraphOptions): number {
  const { batch, whole = batch, crop, energy = false } = step;
  // A map of the decoder for each crop; with the dense energy also its gradient, at the size of the crop.
  const positions = network.decoder.width * (crop / 4) ** 2;
  const floats = positions + (energy ? (network.classes + 1) * crop ** 2 : 0);
  return (
    peakBytes(Object.values(fusedTensors(network, step))) +
    peakBytes(Object.values(gradientSums(network, step))) +
    4 * whole * floats
  );
}
