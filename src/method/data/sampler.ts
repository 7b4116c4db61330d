import { Random } from "../../engine/random.ts";
import type { Sample } from "./sample.ts";

/** The k-th image of a training run. */
export interface PlannedItem {
  readonly sample: Sample;
  /** Number of images before it in the run; its augmentation is drawn from `augmentationStream(seed, k)`. */
  readonly k: number;
}

/**
 * Order of the images of a run: one epoch after the other, each in a new random order. It depends only on seed, step
 * and batch, so a run can resume at any step.
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
      throw new RangeError(`sampler: batch is ${batch}; expected a whole number from 1`);
    }
  }

  /** The images of a step, steps counted from 0. */
  batchPlan(step: number): PlannedItem[] {
    return Array.from({ length: this.batch }, (_, i) => {
      const k = step * this.batch + i;
      return { sample: this.candidate(k, 0), k };
    });
  }

  /** The k-th image of the run, or its replacement after `attempt` images that could not be read. */
  candidate(k: number, attempt: number): Sample {
    const n = this.samples.length;
    const order = this.order(Math.floor(k / n));
    return this.samples[order[(k + attempt) % n]!]!;
  }

  private order(epoch: number): readonly number[] {
    let order = this.orders.get(epoch);
    if (!order) {
      // A batch that is not larger than the data set has images from at most two epochs.
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
