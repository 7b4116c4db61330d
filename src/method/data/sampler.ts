import { Random } from "../../engine/random.ts";
import type { Sample } from "./sample.ts";

/** The k-th image that a training run sees. */
export interface PlannedItem {
  readonly sample: Sample;
  /** Counts every image seen since step 0; its augmentation is `augmentationStream(seed, k)`. */
  readonly k: number;
}

/**
 * Order of the images of a run: epoch after epoch, each shuffled anew. It follows from (seed, step, batch), so a run
 * can resume at any step.
 */
export class TrainingSampler {
  private readonly orders = new Map<number, readonly number[]>();

  constructor(
    private readonly samples: readonly Sample[],
    private readonly seed: number,
    private readonly batch: number,
  ) {
    if (samples.length === 0) throw new RangeError("sampler: no samples to draw from");
    if (!(Number.isInteger(batch) && batch > 0)) {
      throw new RangeError(`sampler: batch is ${batch}; it must be a whole number of at least 1`);
    }
  }

  /** The images of a step, steps counted from 0. */
  batchPlan(step: number): PlannedItem[] {
    return Array.from({ length: this.batch }, (_, i) => {
      const k = step * this.batch + i;
      return { sample: this.candidate(k, 0), k };
    });
  }

  /** Image number k of the run, or its replacement after `attempt` unreadable ones. */
  candidate(k: number, attempt: number): Sample {
    const n = this.samples.length;
    const order = this.order(Math.floor(k / n));
    return this.samples[order[(k + attempt) % n]!]!;
  }

  private order(epoch: number): readonly number[] {
    let order = this.orders.get(epoch);
    if (!order) {
      // A batch touches two epochs at most when it is no larger than the data set.
      if (this.orders.size >= 4) this.orders.clear();
      order = Random.at(this.seed, "order", epoch).shuffle([...this.samples.keys()]);
      this.orders.set(epoch, order);
    }
    return order;
  }
}

/** The random numbers that augment the k-th image of a run. */
export function augmentationStream(seed: number, k: number): Random {
  return Random.at(seed, "augment", k);
}
