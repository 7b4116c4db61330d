import { PairwiseSum } from "../src/engine/pairwise-sum.ts";
import type { Exchange } from "../src/host/exchange.ts";

/** Processes that train together, pretended in one: each exchange belongs to one of them. */
export function pretendExchange(size: number): Exchange[] {
  const parties = new Map<number, { value: unknown; resolve: (all: readonly never[]) => void }>();
  /** Waits for a value of every process. */
  const meet = <T>(rank: number, value: T): Promise<readonly T[]> =>
    new Promise((resolve, reject) => {
      if (parties.has(rank)) reject(new Error(`rank ${rank}: two calls at a time`));
      parties.set(rank, { value, resolve });
      if (parties.size < size) return;
      const met = [...Array(size).keys()].map((i) => parties.get(i)!);
      parties.clear();
      for (const party of met) party.resolve(met.map((other) => other.value as never));
    });
  return Array.from({ length: size }, (_, rank): Exchange => {
    return {
      rank,
      size,
      async sum(values) {
        const tree = new PairwiseSum<Float32Array>((a, b) => a.map((x, i) => x + b[i]!));
        for (const other of await meet(rank, values.slice())) await tree.add(other);
        values.set((await tree.total())!);
      },
      gather: (values) => meet(rank, values.slice()),
      max: async (value) => Math.max(...(await meet(rank, value))),
      broadcast: async (bytes) => (await meet(rank, bytes.slice()))[0]!,
      barrier: async () => void (await meet(rank, null)),
    };
  });
}
