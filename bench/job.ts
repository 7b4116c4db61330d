import type { Operations } from "../src/engine/graph/index.ts";
import type { Sample } from "../src/method/data/sample.ts";

/** Files that jobs read and write, made for them once. */
export interface Workspace {
  /** A folder to write into. */
  readonly folder: string;
  /** Drawn photographs as JPEG. */
  readonly photographs: readonly Sample[];
}

/** Something to measure in a process of its own, so that memory is its alone. Plain data. */
export type Job =
  | { readonly kind: "sgemm"; readonly threads: number }
  | {
      readonly kind: "step";
      /** Of a configuration. */
      readonly name: string;
      readonly threads: number;
      /** Steps to measure. */
      readonly runs: number;
    }
  | {
      readonly kind: "loading";
      /** Of a configuration. */
      readonly name: string;
    }
  | { readonly kind: "start-up" };

/** What one process measured of one part. */
export interface PartSample {
  readonly name: string;
  readonly seconds: readonly number[];
  /** Resident memory when the part ended, the highest seen, bytes; null where it was not looked at. */
  readonly rss: number | null;
  /** Of one run; null for what is no graph. */
  readonly operations: Operations | null;
}

/** What one process measured. */
export interface JobResult {
  /** Title of its parts: what was measured, and how large. */
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
