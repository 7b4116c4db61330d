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
