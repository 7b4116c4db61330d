/** Work that a thread can do, see `method/tasks.ts`. */
export type TaskName = "loadItem" | "crf" | "label" | "scene";

export interface WorkerPoolOptions {
  /** Threads that exist from the beginning; all of them by default. */
  readonly least?: number;
  /** Tasks that a thread has at a time; 1 by default. */
  readonly tasks?: number;
}

/** Threads that do one kind of task. */
export interface WorkerPool {
  /** @param transfer buffers of the input that move to the thread instead of being copied */
  run(input: unknown, transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Ends the threads; tasks under way fail. */
  close(): Promise<void>;
}

/** Threads of a host beside the caller's. */
export interface Workers {
  pool(task: TaskName, threads: number, options?: WorkerPoolOptions): WorkerPool;
}
