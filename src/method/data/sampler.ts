import { Random } from "../../engine/random.ts";
import type { Sample } from "./sample.ts";

/** The k-th image of a training run. */
export interface PlannedItem {
  readonly sample: Sample;
  /** Number of images before it in the run; its augmentation is drawn from `augmentationStream(seed, k)`. */
  readonly k: number;
}

/** Images that take a share of every batch, in an order of their own. */
export interface Preferred {
  readonly samples: readonly Sample[];
  /** Share of a batch, 0..1; less if so few images would be repeated too often, yet at least one image if it is above 0. */
  readonly share: number;
  /** First step of which they take it. */
  readonly fromStep: number;
}

/**
 * How many times as often as by chance a preferred image is drawn at most. Ten masks of 600 scenes that took three quarters
 * of every batch were learned by heart (bench/NOTES.md, "Known masks").
 */
const mostOften = 15;

/**
 * Order of the images of a run: one epoch after the other, each in a new random order. It depends only on seed, step
 * and batch, so a run can resume at any step.
 */
export class TrainingSampler {
  private readonly all: Epochs;
  private readonly preferred: Epochs | undefined;
  /** Images of a batch that come first, before the preferred ones. */
  private readonly usual: number;
  private readonly fromStep: number;

  constructor(
    samples: readonly Sample[],
    seed: number,
    private readonly batch: number,
    preferred?: Preferred,
  ) {
    if (samples.length === 0) throw new RangeError("sampler: no samples to draw from");
    if (!(Number.isInteger(batch) && batch > 0)) {
      throw new RangeError(`sampler: batch is ${batch}; expected a whole number from 1`);
    }
    this.all = new Epochs(samples, seed, "order");
    const { samples: chosen = [], share: asked = 0, fromStep = 0 } = preferred ?? {};
    const share = Math.min(asked, (mostOften * chosen.length) / samples.length);
    // Where they are so many that chance alone gives them their share, nothing is done.
    const wanted = chosen.length > 0 && chosen.length < share * samples.length;
    this.preferred = wanted ? new Epochs(chosen, seed, "preferred order") : undefined;
    this.usual = batch - Math.max(1, Math.round(share * batch));
    this.fromStep = fromStep;
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
    const step = Math.floor(k / this.batch);
    const place = (k % this.batch) - this.usual;
    const isUsual = !this.preferred || step < this.fromStep || place < 0;
    // Without any readable preferred image the others take its place.
    if (isUsual || attempt >= this.preferred.size) return this.all.at(k, attempt);
    return this.preferred.at(step * (this.batch - this.usual) + place, attempt);
  }
}

/** Images in one random order after the other. */
class Epochs {
  private readonly orders = new Map<number, readonly number[]>();

  constructor(
    private readonly samples: readonly Sample[],
    private readonly seed: number,
    private readonly purpose: string,
  ) {}

  get size(): number {
    return this.samples.length;
  }

  /** The k-th image, or the one `attempt` places later in the order of its epoch. */
  at(k: number, attempt: number): Sample {
    const n = this.samples.length;
    const order = this.order(Math.floor(k / n));
    return this.samples[order[(k + attempt) % n]!]!;
  }

  private order(epoch: number): readonly number[] {
    let order = this.orders.get(epoch);
    if (!order) {
      // A batch that is not larger than the data set has images from at most two epochs.
      if (this.orders.size >= 4) this.orders.clear();
      order = Random.at(this.seed, this.purpose, epoch).shuffle([...this.samples.keys()]);
      this.orders.set(epoch, order);
    }
    return order;
  }
}

/** The random numbers that augment the k-th image of a run. */
export function augmentationStream(seed: number, k: number): Random {
  return Random.at(seed, "augment", k);
}
