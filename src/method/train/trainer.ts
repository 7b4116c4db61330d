import type { Config } from "../config.ts";
import type { Batch, Sample, SampleReader } from "../data/sample.ts";
import { ActivationPass } from "../inference/activations.ts";
import type { ValidationPanel, ValidationScores } from "../eval/evaluator.ts";
import { evaluate } from "../eval/evaluator.ts";
import { Predictor } from "../inference/predictor.ts";
import type { NdArray, Runtime } from "../../engine/graph/index.ts";
import type { Afa } from "../model/index.ts";
import { networkOf } from "../model/network-of.ts";
import type { TrainEvent, TrainingState } from "./events.ts";
import type { LabelSource } from "./labels.ts";
import { NetworkState } from "./network-state.ts";
import { Stepper } from "./step.ts";

/** Where batches come from; the batch of a step depends on nothing but the step. */
export interface BatchSource {
  next(step: number): Promise<Batch>;
}

export interface TrainNetworkOptions {
  readonly runtime: Runtime;
  readonly config: Config;
  /** Foreground class names. */
  readonly classes: readonly string[];
  readonly batches: BatchSource;
  /** Images to validate on; without any there is no validation. */
  readonly validation?: { readonly samples: readonly Sample[]; readonly reader: SampleReader };
  /** A checkpoint to go on from. */
  readonly resume?: TrainingState;
  /** First weights by name, instead of random ones, as far as there are any. */
  readonly initial?: Readonly<Record<string, NdArray>>;
  /** Clock in seconds. */
  readonly now: () => number;
  /** Images that a validation makes panels of. */
  readonly panels?: number;
  /** Asked after every step: true makes a checkpoint and leaves. */
  readonly stop?: () => boolean;
  /**
   * Where labels are made, if elsewhere than in the calling thread; it is at rest when training ends.
   * @param parameters of the network, current at every step
   */
  readonly createLabelSource?: (
    network: Afa,
    parameters: NetworkState["parameters"],
  ) => LabelSource | null;
  /**
   * What validations run in, if elsewhere than in `runtime`: asked before the first, closed when training ends.
   * @param images of a validation
   */
  readonly createValidationRuntime?: (network: Afa, images: number) => Lanes | null;
}

/** A runtime that computes several images side by side, weights frozen into its sessions. */
export interface Lanes extends Runtime {
  /** How many. */
  readonly width: number;
  close(): Promise<void>;
}

/**
 * Trains a network from tags. Every event leaves the trainer at rest: whoever stops asking after a
 * checkpoint loses nothing, and a run resumed from one goes on with the same bits.
 */
export async function* trainNetwork(
  options: TrainNetworkOptions,
): AsyncGenerator<TrainEvent, void> {
  const { runtime, config, classes, batches, validation, resume, initial, now } = options;
  const { stop = () => false } = options;
  const { steps, validateEvery, checkpointEvery, seed } = config.train;
  checkResume(resume, classes, steps);
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  if (resume) state.restore(resume.tensors);
  else state.load({ ...network.initialize(seed), ...initial });

  const labels = options.createLabelSource?.(network, state.parameters) ?? undefined;
  const stepper = new Stepper(runtime, network, state, config, now, labels);
  const due = (made: number, every: number): boolean =>
    made === steps || (every > 0 && made % every === 0);
  const { maxImages } = config.eval;
  const validated = validation?.samples.slice(0, maxImages > 0 ? maxImages : undefined) ?? [];
  let pool: Lanes | null = null;
  let made = resume?.step ?? 0;
  let best = Number(resume?.metadata["best"] ?? -1);
  // A run stopped in the middle of a validation makes it first when it goes on.
  let owed = resume?.metadata["validationOwed"] === "true";
  try {
    yield { type: "start", step: made, steps, parameters: network.size, classes };
    while (made < steps || owed) {
      if (!owed) {
        const asked = now();
        const batch = await batches.next(made);
        const waited = now() - asked;
        const { losses, learningRate, phase, seconds } = await stepper.run(made, batch);
        const spent = { ...seconds, data: waited, total: seconds.total + waited };
        const { size: images } = batch;
        yield {
          type: "step",
          step: made,
          steps,
          losses,
          learningRate,
          phase,
          images,
          seconds: spent,
        };
        made++;
        owed = validated.length > 0 && due(made, validateEvery);
      }
      let improved = false;
      if (validation && owed) {
        // What a step keeps is most of the memory, and is made again in less than a second.
        await stepper.rest();
        pool ??= options.createValidationRuntime?.(network, validated.length) ?? null;
        const given = { ...validation, samples: validated };
        const scores = yield* validate(given, network, state, pool, options);
        owed = scores === null;
        if (scores) {
          const { metrics, perClass, skipped, panels, score } = scores;
          improved = score > best;
          if (improved) best = score;
          yield { type: "validation", step: made, metrics, perClass, skipped, panels };
        }
      }
      const stopping = owed || (made < steps && stop());
      if (improved || stopping || due(made, checkpointEvery)) {
        const metadata = {
          step: String(made),
          best: String(best),
          validationOwed: String(owed),
          config: JSON.stringify(config),
          classes: JSON.stringify(classes),
        };
        await stepper.download();
        const checkpoint = { step: made, tensors: state.tensors(), metadata };
        yield { type: "checkpoint", step: made, state: checkpoint, best: improved };
      }
      if (stopping) return;
    }
    yield { type: "done", step: steps };
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
      `train: the checkpoint is of step ${resume.step}, the run has ${steps} steps`,
    );
  }
  const stored = resume.metadata["classes"];
  if (stored !== undefined && stored !== JSON.stringify(classes)) {
    throw new RangeError(
      `train: the checkpoint has learned the classes ${stored}, the data has ${JSON.stringify(classes)}`,
    );
  }
}

type Scores = ValidationScores & { panels: ValidationPanel[]; score: number };

/** A validation, and what makes one better than another; null where it was stopped half-way. */
async function* validate(
  { samples, reader }: NonNullable<TrainNetworkOptions["validation"]>,
  network: Afa,
  { feeds }: NetworkState,
  pool: Lanes | null,
  options: TrainNetworkOptions,
): AsyncGenerator<TrainEvent, Scores | null> {
  const { config, classes, panels = 6, stop = () => false } = options;
  const { scales, flip } = config.eval;
  const runtime = pool ?? options.runtime;
  const frozen = pool !== null;
  const networks = {
    predictor: Predictor.of(runtime, network, feeds, { frozen }),
    activations: new ActivationPass(runtime, network, feeds, { ...config.pseudo, frozen }),
  };
  const views = { panels, scales, flip, lanes: pool?.width ?? 1 };
  const evaluation = evaluate(samples, reader, networks, { config, classes, ...views });
  let next;
  try {
    for (next = await evaluation.next(); !next.done; next = await evaluation.next()) {
      yield { type: "validating", ...next.value };
      if (next.value.done < samples.length && stop()) return null;
    }
  } finally {
    // What these sessions keep for images of all sizes is not needed by the training.
    await networks.predictor.release();
    await networks.activations.release();
  }
  // Without masks the tags are all there is to judge by.
  const { seg, tagF1 } = next.value.metrics;
  const score = samples.some(({ mask }) => mask !== undefined) ? seg : tagF1;
  return { ...next.value, score };
}
