import { gatherTexts, type Exchange } from "../../host/exchange.ts";
import type { ConfusionMatrix } from "./metrics.ts";

/**
 * Places of the samples that a process evaluates. Those of which panels are drawn belong to rank 0, all others to the ranks
 * in turn.
 */
export function shareOf(
  count: number,
  panels: number,
  { rank, size }: Pick<Exchange, "rank" | "size">,
): number[] {
  const owner = (place: number): number => (place < panels ? 0 : (place - panels + 1) % size);
  return [...Array(count).keys()].filter((place) => owner(place) === rank);
}

/** F1 of an image whose tags have not been scored. */
const unscored = -1;

/** Scores of an evaluation that are added up over its samples, in their order whichever process has evaluated them. */
export class Tally {
  /** Samples with a true mask. */
  masks = 0;
  private readonly f1: Float64Array;
  private reasons: (readonly [place: number, message: string])[] = [];

  /** @param matrices counts of pixels that are completed by `everywhere` */
  constructor(
    samples: number,
    private readonly matrices: readonly ConfusionMatrix[],
  ) {
    this.f1 = new Float64Array(samples).fill(unscored);
  }

  skip(place: number, message: string): void {
    this.reasons.push([place, message]);
  }

  scoreTags(place: number, f1: number): void {
    this.f1[place] = f1;
  }

  /** Messages about samples that were left out. */
  get skipped(): string[] {
    return this.reasons.map(([, message]) => message);
  }

  /** Mean F1 of the scored samples; NaN if there are none. */
  meanF1(): number {
    const scored = this.f1.filter((f1) => f1 !== unscored);
    return scored.reduce((sum, f1) => sum + f1, 0) / scored.length;
  }

  /** Adds what other processes have evaluated. */
  async everywhere(exchange: Exchange): Promise<void> {
    if (exchange.size === 1) return;
    const own = this.matrices.map((matrix) => matrix.flat());
    for (const [i, counts] of own.entries()) {
      const sum = new Float64Array(counts.length);
      for (const other of await exchange.gather(counts))
        other.forEach((count, at) => (sum[at]! += count));
      this.matrices[i]!.set(sum);
    }
    for (const scores of await exchange.gather(this.f1))
      scores.forEach((f1, place) => f1 !== unscored && (this.f1[place] = f1));
    const masks = await exchange.gather(Float64Array.of(this.masks));
    this.masks = masks.reduce((sum, [count]) => sum + count!, 0);
    const texts = await gatherTexts(exchange, JSON.stringify(this.reasons));
    this.reasons = texts
      .flatMap((text) => JSON.parse(text) as typeof this.reasons)
      .sort(([a], [b]) => a - b);
  }
}
