import Tinypool from "tinypool";
import { workerEntry } from "./worker-entry.ts";

export interface WorkerPoolOptions {
  /** Threads that are there from the beginning; as many as there can be by default. */
  readonly least?: number;
  /** Tasks that a thread has at a time; 1 by default. */
  readonly tasks?: number;
}

/** Worker threads that do tasks given by `run`. @param name their entry in this folder, without ending */
export function workerPool(
  name: string,
  threads: number,
  { least = threads, tasks = 1 }: WorkerPoolOptions = {},
): Tinypool {
  return new Tinypool({
    filename: workerEntry(name).href,
    runtime: "worker_threads",
    minThreads: least,
    maxThreads: threads,
    concurrentTasksPerWorker: tasks,
  });
}
