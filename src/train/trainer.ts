import type { Config } from "../config.ts";
import type { Batch, Sample, SampleReader } from "../data/sample.ts";
import { ActivationPass } from "../eval/activations.ts";
import { evaluate } from "../eval/evaluator.ts";
import { Predictor } from "../eval/predictor.ts";
import type { NdArray, Runtime } from "../graph/index.ts";
import { Afa } from "../model/index.ts";
import type { TrainEvent, TrainingState } from "./events.ts";
import { NetworkState } from "./network-state.ts";
import { Stepper } from "./step.ts";

/** Where batches come from; the batch of a step depends on nothing but the step. */
export interface BatchSource {
  next(step: number): Promise<Batch>;
}

export interface TrainOptions {
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
}

/** The network that a configuration describes. */
export function networkOf({ model }: Pick<Config, "model">, classes: readonly string[]): Afa {
  const { backbone, pooling, decoderWidth } = model;
  return new Afa({ backbone, pooling, decoderWidth, classes: classes.length });
}

/**
 * Trains a network from tags. Every event leaves the trainer at rest: whoever stops asking after a
 * checkpoint loses nothing, and a run resumed from one goes on with the same bits.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void> {
  const {
    runtime,
    config,
    classes,
    batches,
    validation,
    resume,
    initial,
    now,
    panels = 6,
    stop = () => false,
  } = options;
  const { steps, validateEvery, checkpointEvery, seed } = config.train;
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  if (resume) state.restore(resume.tensors);
  else state.load({ ...network.initialize(seed), ...initial });
  let best = Number(resume?.metadata["best"] ?? -1);

  const stepper = new Stepper(runtime, network, state, config, now);
  const networks = {
    predictor: new Predictor(runtime, network, state.parameters),
    activations: new ActivationPass(runtime, network, state.parameters, config.pseudo),
  };
  const first = resume?.step ?? 0;
  const due = (made: number, every: number): boolean =>
    made === steps || (every > 0 && made % every === 0);
  try {
    yield { type: "start", step: first, steps, parameters: network.size, classes };
    for (let step = first; step < steps; step++) {
      const asked = now();
      const batch = await batches.next(step);
      const waited = now() - asked;
      const { losses, learningRate, phase, seconds } = await stepper.run(step, batch);
      yield {
        type: "step",
        step,
        steps,
        losses,
        learningRate,
        phase,
        images: batch.size,
        seconds: { ...seconds, data: waited, total: seconds.total + waited },
      };
      const made = step + 1;
      let improved = false;
      if (validation && validation.samples.length > 0 && due(made, validateEvery)) {
        const { maxImages, scales, flip } = config.eval;
        const samples = maxImages > 0 ? validation.samples.slice(0, maxImages) : validation.samples;
        const evaluation = evaluate(samples, validation.reader, networks, {
          config,
          classes,
          panels,
          scales,
          flip,
        });
        let next = await evaluation.next();
        for (; !next.done; next = await evaluation.next()) {
          yield { type: "validating", ...next.value };
        }
        const { metrics, perClass, skipped, panels: pictures } = next.value;
        // Without masks the tags are all there is to judge by.
        const score = Number.isNaN(metrics.seg) ? metrics.tagF1 : metrics.seg;
        improved = score > best;
        if (improved) best = score;
        yield { type: "validation", step: made, metrics, perClass, skipped, panels: pictures };
      }
      const stopping = made < steps && stop();
      if (improved || stopping || due(made, checkpointEvery)) {
        const metadata = {
          step: String(made),
          best: String(best),
          config: JSON.stringify(config),
          classes: JSON.stringify(classes),
        };
        yield {
          type: "checkpoint",
          step: made,
          state: { step: made, tensors: state.tensors(), metadata },
          best: improved,
        };
      }
      if (stopping) return;
    }
    yield { type: "done", step: steps };
  } finally {
    await stepper.release();
    await networks.predictor.release();
    await networks.activations.release();
  }
}
