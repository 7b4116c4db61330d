/** Communication between the processes of one training. All of them call the same operations in the same order. */
export interface Exchange {
  /** Number of this process, from 0. */
  readonly rank: number;
  /** Number of processes, at least 1. */
  readonly size: number;
  /** Replaces the values by their sums over all ranks, added pairwise in rank order: the same bits everywhere. */
  sum(values: Float32Array): Promise<void>;
  /** The values of every rank, in rank order. */
  gather(values: Float64Array): Promise<readonly Float64Array[]>;
  /** The largest of the ranks' values. */
  max(value: number): Promise<number>;
  /** The bytes of rank 0. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array>;
  /** Waits until every rank has called it. */
  barrier(): Promise<void>;
}

/** The exchange of a training in a single process. */
export const alone: Exchange = {
  rank: 0,
  size: 1,
  sum: () => Promise.resolve(),
  gather: (values) => Promise.resolve([values]),
  max: (value) => Promise.resolve(value),
  broadcast: (bytes) => Promise.resolve(bytes),
  barrier: () => Promise.resolve(),
};

/** An exchange that measures how long it takes. */
export class TimedExchange implements Exchange {
  readonly rank: number;
  readonly size: number;
  /** Seconds of all operations so far, with those of waiting for the other processes. */
  seconds = 0;

  /** @param now a clock in seconds */
  constructor(
    private readonly exchange: Exchange,
    private readonly now: () => number,
  ) {
    this.rank = exchange.rank;
    this.size = exchange.size;
  }

  sum(values: Float32Array): Promise<void> {
    return this.measure(() => this.exchange.sum(values));
  }

  gather(values: Float64Array): Promise<readonly Float64Array[]> {
    return this.measure(() => this.exchange.gather(values));
  }

  max(value: number): Promise<number> {
    return this.measure(() => this.exchange.max(value));
  }

  broadcast(bytes: Uint8Array): Promise<Uint8Array> {
    return this.measure(() => this.exchange.broadcast(bytes));
  }

  barrier(): Promise<void> {
    return this.measure(() => this.exchange.barrier());
  }

  private async measure<T>(operation: () => Promise<T>): Promise<T> {
    // Alone there is nobody to exchange anything with.
    if (this.size === 1) return operation();
    const start = this.now();
    try {
      return await operation();
    } finally {
      this.seconds += this.now() - start;
    }
  }
}

/** A value of JSON that rank 0 computes, on all ranks. */
export async function fromFirst<T>(exchange: Exchange, compute: () => Promise<T>): Promise<T> {
  if (exchange.size === 1) return compute();
  const units = unitsOf(exchange.rank === 0 ? JSON.stringify(await compute()) : "");
  const bytes = await exchange.broadcast(new Uint8Array(units.buffer));
  return JSON.parse(textOf(new Uint16Array(bytes.slice().buffer))) as T;
}

/** The texts of all ranks, in their order. */
export async function gatherTexts(exchange: Exchange, text: string): Promise<string[]> {
  const all = await exchange.gather(Float64Array.from(unitsOf(text)));
  return all.map((units) => textOf(Uint16Array.from(units)));
}

/** The units of UTF-16 of a text. */
function unitsOf(text: string): Uint16Array<ArrayBuffer> {
  return Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
}

function textOf(units: Uint16Array): string {
  return Array.from(units, (unit) => String.fromCharCode(unit)).join("");
}
