/** Kinds of tasks for worker threads, see `method/tasks.ts`. */
export type TaskName = "loadItem" | "crf" | "label" | "scene";

export interface WorkerPoolOptions {
  /** Threads to start with; all by default. */
  readonly least?: number;
  /** Number of tasks that a thread works on at a time; 1 by default. */
  readonly tasks?: number;
}

/** Threads that do one kind of task. */
export interface WorkerPool {
  /** Runs a task. @param transfer buffers of the input that move to the thread instead of being copied */
  run(input: unknown, transfer?: readonly ArrayBuffer[]): Promise<unknown>;
  /** Ends the threads; tasks under way fail. */
  close(): Promise<void>;
}

/** Worker threads of a host. */
export interface Workers {
  pool(task: TaskName, threads: number, options?: WorkerPoolOptions): WorkerPool;
}
