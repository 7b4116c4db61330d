import type { Config } from "../config.ts";
import type { BatchSource, Sample, SampleReader } from "../data/sample.ts";
import { ActivationPass } from "../inference/activations.ts";
import { camAreas } from "../eval/cam-areas.ts";
import { type ValidationPanel, type ValidationScores, evaluate } from "../eval/evaluator.ts";
import { Predictor } from "../inference/predictor.ts";
import type { NdArray, Runtime } from "../../engine/graph/index.ts";
import { alone, fromFirst, type Exchange } from "../../host/exchange.ts";
import type { Afa } from "../model/index.ts";
import { networkOf } from "../model/network-of.ts";
import type { TrainEvent, TrainingState } from "./events.ts";
import { owesValidation, staleValidationsKey, validationOwedKey } from "./has-ended.ts";
import type { LabelSource } from "./labels.ts";
import { sumOrder, sumOrderKey } from "./micro-batch-sums.ts";
import { NetworkState } from "./network-state.ts";
import {
  endsClassification,
  measureThresholds,
  storedThresholds,
  thresholdsKey,
  withThresholds,
} from "./run-thresholds.ts";
import { Stepper } from "./step.ts";

export interface TrainNetworkOptions {
  readonly runtime: Runtime;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  readonly batches: BatchSource;
  /** Images to validate on; without any, validations are skipped. */
  readonly validation?: { readonly samples: readonly Sample[]; readonly reader: SampleReader };
  /** Checkpoint to resume from. */
  readonly resume?: TrainingState;
  /** Initial weights by name; parameters without one start from random values. */
  readonly initial?: Readonly<Record<string, NdArray>>;
  /** Clock in seconds. */
  readonly now: () => number;
  /** Number of images in a validation of which panels are made; 6 by default. */
  readonly panels?: number;
  /**
   * Number of crops on which the thresholds of pseudo labels are measured (method 2.16); by default 64 to choose them, a
   * batch to judge set ones.
   */
  readonly thresholdCrops?: number;
  /** Called after every step; true saves a checkpoint and ends the training, in all processes after the same step. */
  readonly stop?: () => boolean;
  /**
   * The processes that train together, with the same options; each gets its own crops from `batches`. Only rank 0 need keep
   * the checkpoints: the others wait until it has.
   */
  readonly exchange?: Exchange;
  /** Whole batches, on which rank 0 measures the thresholds; `batches` by default. */
  readonly wholeBatches?: BatchSource;
  /**
   * Creates the source of labels, whose `rest` is called when training ends. Without this, or if it returns null,
   * labels are made in the calling thread.
   * @param parameters weights of the network, current at every step
   */
  readonly createLabelSource?: (
    network: Afa,
    parameters: NetworkState["parameters"],
  ) => LabelSource | null;
  /**
   * Creates the runtime of validations before the first one; it is closed when training ends. Without this, or if it
   * returns null, validations run in `runtime`.
   * @param images number of images in a validation
   */
  readonly createValidationRuntime?: (
    network: Afa,
    images: number,
  ) => Promise<Lanes | null> | Lanes | null;
}

/** A runtime that computes several images at the same time, with weights frozen into its sessions. */
export interface Lanes extends Runtime {
  /** Number of images computed at the same time. */
  readonly width: number;
  close(): Promise<void>;
}

/**
 * Trains a network from tags. Nothing runs between events, so a caller can stop iterating after a checkpoint without
 * losing anything. A run resumed from a checkpoint continues with the same bits.
 */
export async function* trainNetwork(
  options: TrainNetworkOptions,
): AsyncGenerator<TrainEvent, void> {
  const { runtime, classes, batches, validation, resume, initial, now } = options;
  const { stop = () => false, exchange = alone, wholeBatches = batches } = options;
  const stopsAnywhere = async (): Promise<boolean> => (await exchange.max(stop() ? 1 : 0)) > 0;
  /** Thresholds that the run goes on with, once their fit has been measured. */
  let thresholds = storedThresholds(resume);
  let config = withThresholds(options.config, thresholds);
  const { steps, affinitySteps, validateEvery, checkpointEvery, patience, seed } = config.train;
  checkResume(resume, classes, steps);
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  if (resume) state.restore(resume.tensors);
  else state.load({ ...network.initialize(seed), ...initial });

  const labels = options.createLabelSource?.(network, state.parameters) ?? undefined;
  const stepper = new Stepper(runtime, network, state, config, now, labels, exchange);
  const due = (stepsDone: number, every: number): boolean =>
    stepsDone === steps || (every > 0 && stepsDone % every === 0);
  const { maxImages } = config.eval;
  const validationSamples =
    validation?.samples.slice(0, maxImages > 0 ? maxImages : undefined) ?? [];
  let pool: Lanes | null = null;
  let stepsDone = resume?.step ?? 0;
  let best = Number(resume?.metadata["best"] ?? -1);
  let bestTagF1 = Number(resume?.metadata["bestTagF1"] ?? -1);
  /** Validations in the last phase since the tags were predicted better than ever before. */
  let stale = Number(resume?.metadata[staleValidationsKey] ?? 0);
  const isOver = (): boolean => stepsDone >= steps || (patience > 0 && stale >= patience);
  // A run that was stopped during a validation starts with that validation when it resumes.
  let validationDue = owesValidation(resume);
  const thresholdsDue = (): boolean => !thresholds && endsClassification(stepsDone, config.train);
  const settleThresholds = async function* (): AsyncGenerator<TrainEvent, void> {
    if (!thresholdsDue()) return;
    // The graph of the classification phase is not needed any more.
    await stepper.rest();
    const { thresholdCrops: count } = options;
    const { feeds } = state;
    const measuring = { runtime, network, feeds, config, batches: wholeBatches, count, stop };
    const measured = await fromFirst(exchange, () => measureThresholds(stepsDone, measuring));
    if (!measured) return;
    const { low, high, chosen } = measured;
    thresholds = { low, high, chosen };
    config = withThresholds(config, thresholds);
    stepper.useThresholds(thresholds);
    yield measured;
  };
  try {
    yield { type: "start", step: stepsDone, steps, parameters: network.size, classes };
    if (!isOver()) {
      // A checkpoint of an older version has none.
      yield* settleThresholds();
      if (thresholdsDue()) return;
    }
    while (!isOver() || validationDue) {
      if (!validationDue) {
        const requestTime = now();
        const batch = await batches.next(stepsDone);
        const dataSeconds = now() - requestTime;
        const {
          losses,
          learningRate,
          phase,
          seconds: stepSeconds,
        } = await stepper.run(stepsDone, batch);
        const total = stepSeconds.total + dataSeconds;
        const seconds = { ...stepSeconds, data: dataSeconds, total };
        const images = batch.size * exchange.size;
        yield {
          type: "step",
          step: stepsDone,
          steps,
          losses,
          learningRate,
          phase,
          images,
          seconds,
        };
        stepsDone++;
        validationDue = validationSamples.length > 0 && due(stepsDone, validateEvery);
      }
      yield* settleThresholds();
      let improved = false;
      if (validation && validationDue) {
        // The sessions of a step use most of the memory and can be created again in less than a second.
        await stepper.rest();
        pool ??=
          (await options.createValidationRuntime?.(network, validationSamples.length)) ?? null;
        const limited = { ...validation, samples: validationSamples };
        const scores = yield* validate(limited, network, state, pool, { ...options, config });
        validationDue = scores === null;
        if (scores) {
          const { metrics, perClass, skipped, panels, score } = scores;
          improved = score > best;
          if (improved) best = score;
          stale = metrics.tagF1 > bestTagF1 || stepsDone <= affinitySteps ? 0 : stale + 1;
          bestTagF1 = Math.max(bestTagF1, metrics.tagF1);
          const unmeasured = Number.isNaN(metrics.seg) && panels.length > 0;
          yield {
            type: "validation",
            step: stepsDone,
            metrics,
            perClass,
            ...(unmeasured && { camAreas: camAreas(panels, classes.length) }),
            skipped,
            panels,
          };
        }
      }
      const stopping = validationDue || (!isOver() && (await stopsAnywhere()));
      if (improved || stopping || isOver() || due(stepsDone, checkpointEvery)) {
        const metadata = {
          step: String(stepsDone),
          best: String(best),
          bestTagF1: String(bestTagF1),
          [staleValidationsKey]: String(stale),
          [validationOwedKey]: String(validationDue),
          [sumOrderKey]: sumOrder,
          ...(thresholds && { [thresholdsKey]: JSON.stringify(thresholds) }),
          config: JSON.stringify(config),
          classes: JSON.stringify(classes),
        };
        await stepper.download();
        const checkpoint = { step: stepsDone, tensors: state.tensors(), metadata };
        yield { type: "checkpoint", step: stepsDone, state: checkpoint, best: improved };
        // Whatever happens to another process from now on, the checkpoint is complete.
        await exchange.barrier();
      }
      if (stopping) return;
    }
    yield { type: "done", step: stepsDone };
  } finally {
    await stepper.release();
    await pool?.close();
  }
}

function checkResume(
  resume: TrainingState | undefined,
  classes: readonly string[],
  steps: number,
): void {
  if (!resume) return;
  if (resume.step > steps) {
    throw new RangeError(
      `train: the checkpoint is from step ${resume.step}, but the run has ${steps} steps; use an earlier checkpoint or more steps`,
    );
  }
  const stored = resume.metadata["classes"];
  if (stored !== undefined && stored !== JSON.stringify(classes)) {
    throw new RangeError(
      `train: the checkpoint has learned the classes ${stored}, the data has ${JSON.stringify(classes)}; resume with the same data`,
    );
  }
}

type Scores = ValidationScores & { panels: ValidationPanel[]; score: number };

/** Runs a validation, whose `score` tells which of several is best. Returns null if it was stopped before its end. */
async function* validate(
  { samples, reader }: NonNullable<TrainNetworkOptions["validation"]>,
  network: Afa,
  { feeds }: NetworkState,
  pool: Lanes | null,
  options: TrainNetworkOptions,
): AsyncGenerator<TrainEvent, Scores | null> {
  const { config, classes, panels = 6, stop = () => false, exchange = alone } = options;
  const { scales, flip } = config.eval;
  const runtime = pool ?? options.runtime;
  const frozen = pool !== null;
  const networks = {
    predictor: Predictor.of(runtime, network, feeds, { frozen }),
    activations: new ActivationPass(runtime, network, feeds, { ...config.pseudo, frozen }),
  };
  const lanes = pool?.width ?? 1;
  const evaluationOptions = { config, classes, panels, scales, flip, lanes, exchange };
  const evaluation = evaluate(samples, reader, networks, evaluationOptions);
  let next;
  try {
    for (next = await evaluation.next(); !next.done; next = await evaluation.next()) {
      yield { type: "validating", ...next.value };
      // Several processes would have to agree on it after every image: they finish.
      if (exchange.size === 1 && next.value.done < samples.length && stop()) return null;
    }
  } finally {
    // These sessions keep buffers for images of many sizes, which training does not need.
    await networks.predictor.release();
    await networks.activations.release();
  }
  // Without masks only the tags can be scored.
  const { seg, tagF1 } = next.value.metrics;
  const score = samples.some(({ mask }) => mask !== undefined) ? seg : tagF1;
  return { ...next.value, score };
}
