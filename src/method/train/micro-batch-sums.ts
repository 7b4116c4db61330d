import type { Exchange } from "../../host/exchange.ts";
import type { Config } from "../config.ts";
import { float32, sizeOf, type NdArray } from "../../engine/graph/index.ts";

/** Number of micro-batches in a batch. */
export function partsOf({ data, train }: Pick<Config, "data" | "train">): number {
  return train.microBatch > 0 ? data.batch / train.microBatch : 1;
}

/**
 * Whether the decoder's BatchNorm has the statistics of the whole batch beyond a micro-batch; with a single one it has them
 * anyway.
 */
export function synchronizesNorm(config: Pick<Config, "data" | "train">): boolean {
  return config.train.syncNorm && partsOf(config) > 1;
}

/** Name of the order in which the gradients of micro-batches are added, in a checkpoint's metadata. */
export const sumOrderKey = "gradientSum";
export const sumOrder = "pairwise";

/**
 * Whether a run goes on with other bits than before: its checkpoint is from a version that added the gradients of
 * micro-batches one after the other, which differs from pairs of them from four on.
 */
export function addsOtherwise(
  config: Pick<Config, "data" | "train">,
  metadata: Readonly<Record<string, string>>,
): boolean {
  return partsOf(config) >= 4 && metadata[sumOrderKey] !== sumOrder;
}

/** Losses, counts of pairs and BatchNorm statistics of a whole batch, from those of its micro-batches (method 2.14). */
export class MicroBatchSums {
  private readonly totals = new Map<string, number>();
  private parts = 0;
  private readonly mean: Float64Array;
  private readonly square: Float64Array;
  private positive: number | null = null;
  private negative: number | null = null;

  /** Results of the parts so far, all outputs of each one after the other. */
  private readonly results: number[] = [];

  /** @param outputs names and shapes of the outputs of a part */
  constructor(private readonly outputs: Readonly<Record<string, readonly number[]>>) {
    const [width = 0] = outputs["bn.mean"] ?? [];
    this.mean = new Float64Array(width);
    this.square = new Float64Array(width);
  }

  /** Adds the results of one part. */
  add(results: Readonly<Record<string, NdArray>>): void {
    this.parts++;
    for (const name of Object.keys(this.outputs))
      this.results.push(...(results[name]!.data as Float32Array));
    for (const [name, { data }] of Object.entries(results)) {
      if (!name.startsWith("loss.")) continue;
      this.totals.set(name, (this.totals.get(name) ?? 0) + Number(data[0]));
    }
    // Parts are fed with the counts of the whole batch, so all of them have the same.
    const pairs = (sign: string): number | null => {
      const count = results[`pairs.${sign}`];
      return count ? Number(count.data[0]) : null;
    };
    this.positive = pairs("positive");
    this.negative = pairs("negative");
    const mean = results["bn.mean"]?.data as Float32Array | undefined;
    const variance = results["bn.variance"]?.data as Float32Array | undefined;
    if (!mean || !variance) return;
    for (let i = 0; i < mean.length; i++) {
      this.mean[i]! += mean[i]!;
      this.square[i]! += variance[i]! + mean[i]! ** 2;
    }
  }

  /** The sums over the parts of all processes, added in the order of the parts: the same everywhere. */
  async everywhere(exchange: Exchange): Promise<MicroBatchSums> {
    if (exchange.size === 1) return this;
    const sums = new MicroBatchSums(this.outputs);
    for (const values of await exchange.gather(Float64Array.from(this.results))) {
      for (let at = 0; at < values.length;) {
        const results: Record<string, NdArray> = {};
        for (const [name, shape] of Object.entries(this.outputs)) {
          const size = sizeOf(shape);
          results[name] = float32(shape, Float32Array.from(values.subarray(at, at + size)));
          at += size;
        }
        sums.add(results);
      }
    }
    return sums;
  }

  /** A loss of the whole batch; null if this kind of step does not compute it. */
  loss(name: string): number | null {
    return this.totals.get(`loss.${name}`) ?? null;
  }

  /** Pairs counted by the affinity loss, plus 1 each; null if this kind of step does not compute it. */
  pairs(): { positive: number; negative: number } | null {
    const { positive, negative } = this;
    return positive === null || negative === null ? null : { positive, negative };
  }

  /** Mean and biased variance over the whole batch, whose parts are equally large; empty if the parts have none. */
  statistics(): [mean: Float32Array, variance: Float32Array] {
    const { parts } = this;
    const mean = this.mean.map((sum) => sum / parts);
    const variance = this.square.map((sum, i) => sum / parts - mean[i]! ** 2);
    return [Float32Array.from(mean), Float32Array.from(variance)];
  }
}
