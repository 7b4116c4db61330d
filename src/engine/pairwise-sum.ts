/**
 * Adds values in a fixed binary tree: neighbors first, then neighboring sums. Runs of 2^k values whose sums are added by
 * another such tree give the same total bit for bit, so it does not matter which process adds which run.
 *
 *     add(0) … add(6)   ((0 + 1) + (2 + 3)) + ((4 + 5) + 6)
 */
export class PairwiseSum<T> {
  /** Sums of complete runs, each of more values than those after it. */
  private readonly runs: { readonly sum: T; readonly count: number }[] = [];

  /** @param merge the sum of two values, the earlier one first; it may reuse their memory */
  constructor(private readonly merge: (a: T, b: T) => T | Promise<T>) {}

  async add(value: T): Promise<void> {
    let run = { sum: value, count: 1 };
    while (this.runs.at(-1)?.count === run.count) {
      const { sum, count } = this.runs.pop()!;
      run = { sum: await this.merge(sum, run.sum), count: 2 * count };
    }
    this.runs.push(run);
  }

  /** The sum of all values since the last total, if there are any. */
  async total(): Promise<T | undefined> {
    let total = this.runs.pop()?.sum;
    for (let run = this.runs.pop(); run !== undefined; run = this.runs.pop())
      total = await this.merge(run.sum, total!);
    return total;
  }

  /** Forgets the values since the last total, and returns their sums so far. */
  clear(): T[] {
    return this.runs.splice(0).map(({ sum }) => sum);
  }
}
