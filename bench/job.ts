import type { Operations } from "../src/engine/graph/index.ts";
import type { Sample } from "../src/method/data/sample.ts";

/** Files that jobs read and write, created once for all of them. */
export interface Workspace {
  /** Folder to write into. */
  readonly folder: string;
  /** Synthetic photographs as JPEG. */
  readonly photographs: readonly Sample[];
}

/** One measurement in its own process, so that its memory is measured alone. Plain data. */
export type Job =
  | { readonly kind: "sgemm"; readonly threads: number }
  | {
      readonly kind: "step";
      /** Name of a configuration. */
      readonly name: string;
      readonly threads: number;
      /** Steps to measure. */
      readonly runs: number;
    }
  | {
      readonly kind: "loading";
      /** Name of a configuration. */
      readonly name: string;
    }
  | { readonly kind: "start-up" };

/** Measurements of one part by one process. */
export interface PartSample {
  readonly name: string;
  readonly seconds: readonly number[];
  /** Highest resident memory at the end of the part, bytes; null if not measured. */
  readonly rss: number | null;
  /** Operations of one run; null for parts without a graph. */
  readonly operations: Operations | null;
}

/** Measurements of one process. */
export interface JobResult {
  /** Title of the parts: the thing measured and its size. */
  readonly group: string;
  readonly parts: readonly PartSample[];
  /** Cores that other processes kept busy meanwhile; null where the job is other processes. */
  readonly foreignLoad: number | null;
}

/** Clock in seconds. */
export const now = (): number => performance.now() / 1000;

/** Seconds that a task takes. */
export async function timed(task: () => unknown): Promise<number> {
  const start = now();
  await task();
  return now() - start;
}
