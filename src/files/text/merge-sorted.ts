import type { OpenFile, Store, WriteStream } from "../../host/store.ts";
import { lineBatches, type FilePart } from "./file-lines.ts";

/** An order of lines by a key, which each line holds. */
export interface LineOrder<K> {
  keyOf(line: string): K;
  compare(a: K, b: K): number;
}

/** A line and its key. */
export interface KeyedLine<K> {
  readonly line: string;
  readonly key: K;
}

export interface SortedRunsOptions {
  /** Runs that are merged at a time. */
  readonly fanIn?: number;
  /** Bytes of all runs that are read ahead, together. */
  readonly readAhead?: number;
}

/** Least bytes that are read of a run at a time. */
const leastRead = 1 << 12;

/**
 * Runs of lines, each of them sorted, that are merged into one: an external merge sort. All runs lie in one file, one behind the
 * other. If there are more than can be merged at a time, rounds of merging make fewer of them. So however many lines and
 * runs there are, one or two files are open, and memory holds the read-ahead and a few numbers for each run.
 */
export class SortedRuns<K> {
  private readonly fanIn: number;
  private readonly readAhead: number;
  private round = 0;
  private runs: FilePart[] = [];

  private constructor(
    private readonly store: Store,
    private readonly path: string,
    private readonly order: LineOrder<K>,
    private file: WriteStream | undefined,
    { fanIn = 256, readAhead = 1 << 24 }: SortedRunsOptions,
  ) {
    this.fanIn = fanIn;
    this.readAhead = readAhead;
  }

  /** @param path of the files of the runs, which get a number as their ending */
  static async create<K>(
    store: Store,
    path: string,
    order: LineOrder<K>,
    options: SortedRunsOptions = {},
  ): Promise<SortedRuns<K>> {
    return new SortedRuns(store, path, order, await store.writeStream(`${path}.0`), options);
  }

  /** Adds a run of lines, which are sorted. */
  async add(lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const file = this.file!;
    const start = file.size;
    for await (const line of lines) await file.write(`${line}\n`);
    if (file.size > start) this.runs.push({ start, end: file.size });
  }

  /** The lines of all runs in their order, equal ones in that of their runs. Ends the runs: none can be added any more. */
  async *merged(): AsyncGenerator<KeyedLine<K>, void> {
    await this.file!.finish();
    this.file = undefined;
    while (this.runs.length > this.fanIn) await this.mergeRound();
    const file = await this.store.open(this.name);
    try {
      yield* this.mergeRuns(file, this.runs);
    } finally {
      await file.close();
    }
    await this.discard();
  }

  /** Removes the files. */
  async discard(): Promise<void> {
    await this.file?.discard();
    this.file = undefined;
    await this.store.remove(this.name);
  }

  private get name(): string {
    return `${this.path}.${this.round}`;
  }

  /** Merges each `fanIn` runs into one. */
  private async mergeRound(): Promise<void> {
    const { store, runs, fanIn, name } = this;
    const next = await store.writeStream(`${this.path}.${this.round + 1}`);
    const merged: FilePart[] = [];
    try {
      const file = await store.open(name);
      try {
        for (let i = 0; i < runs.length; i += fanIn) {
          const start = next.size;
          for await (const { line } of this.mergeRuns(file, runs.slice(i, i + fanIn))) {
            await next.write(`${line}\n`);
          }
          merged.push({ start, end: next.size });
        }
      } finally {
        await file.close();
      }
      await next.finish();
    } catch (error) {
      await next.discard();
      throw error;
    }
    await store.remove(name);
    this.round++;
    this.runs = merged;
  }

  private async *mergeRuns(
    file: OpenFile,
    runs: readonly FilePart[],
  ): AsyncGenerator<KeyedLine<K>> {
    const bytes = Math.max(leastRead, Math.floor(this.readAhead / Math.max(1, runs.length)));
    const { order } = this;
    // Those whose next line comes last stand first: the next of all is at the end, where it is cheap to take.
    const waiting: Cursor<K>[] = [];
    const insert = (cursor: Cursor<K>): void => {
      let [low, high] = [0, waiting.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        const other = waiting[middle]!;
        const isLater = order.compare(other.key, cursor.key) || other.run - cursor.run;
        if (isLater > 0) low = middle + 1;
        else high = middle;
      }
      waiting.splice(low, 0, cursor);
    };
    for (const [run, part] of runs.entries()) {
      const cursor = new Cursor(run, lineBatches(file, part, bytes), order);
      if (await cursor.next()) insert(cursor);
    }
    for (let cursor = waiting.pop(); cursor; cursor = waiting.pop()) {
      const { line, key } = cursor;
      yield { line, key };
      if (cursor.advance() || (await cursor.next())) insert(cursor);
    }
  }
}

/** The place in a run. */
class Cursor<K> implements KeyedLine<K> {
  private lines: readonly string[] = [];
  private at = 0;
  line = "";
  key!: K;

  constructor(
    readonly run: number,
    private readonly batches: AsyncGenerator<readonly string[]>,
    private readonly order: LineOrder<K>,
  ) {}

  /** Goes to the next line that is in memory; false if there is none. */
  advance(): boolean {
    if (this.at >= this.lines.length) return false;
    this.line = this.lines[this.at++]!;
    this.key = this.order.keyOf(this.line);
    return true;
  }

  /** Reads on; false at the end of the run. */
  async next(): Promise<boolean> {
    const { done, value } = await this.batches.next();
    if (done) return false;
    [this.lines, this.at] = [value, 0];
    return this.advance();
  }
}
