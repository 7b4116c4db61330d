import type { TaskName, WorkerPool, WorkerPoolOptions, Workers } from "../../workers.ts";
import type { VolumesSetup } from "../files/volumes.ts";

/** What a worker starts with. */
export interface WorkerSetup {
  readonly task: TaskName;
  readonly volumes: VolumesSetup;
  /** Address of the folder with the files of onnxruntime-web. */
  readonly ortFiles: string | undefined;
}

/** A message to a worker: its setup first, then tasks, which it answers in their order. */
export type WorkerRequest = { readonly setup: WorkerSetup } | { readonly input: unknown };

export type WorkerAnswer = { readonly reply: unknown } | { readonly error: unknown };

interface WaitingTask {
  readonly input: unknown;
  readonly transfer: readonly ArrayBuffer[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** Workers of a page or of another worker. @param setup what each worker of a pool gets when the pool is created */
export function webWorkers(setup: () => Omit<WorkerSetup, "task">): Workers {
  return {
    pool: (task, threads, options) => new Pool({ ...setup(), task }, threads, options),
  };
}

class Pool implements WorkerPool {
  private readonly workers: PoolWorker[] = [];
  private waiting: WaitingTask[] = [];
  private closed = false;

  constructor(
    private readonly setup: WorkerSetup,
    private readonly threads: number,
    { least = threads, tasks = 1 }: WorkerPoolOptions = {},
  ) {
    this.tasks = tasks;
    for (let i = 0; i < Math.max(1, least); i++) this.start();
  }

  private readonly tasks: number;

  run(input: unknown, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.closed) return Promise.reject(new Error("workers: run after the pool was closed"));
    return new Promise((resolve, reject) => {
      this.waiting.push({ input, transfer, resolve, reject });
      this.dispatch();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    const reason = new Error("workers: the pool was closed");
    for (const task of this.waiting.splice(0)) task.reject(reason);
    for (const worker of this.workers.splice(0)) worker.end(reason);
  }

  /** Gives waiting tasks to the workers with the fewest, and starts another worker where all have enough. */
  private dispatch(): void {
    while (this.waiting.length > 0) {
      const [first] = [...this.workers].sort((a, b) => a.busy - b.busy);
      const isFull = !first || first.busy >= this.tasks;
      const mayStart = this.workers.length < this.threads;
      if (mayStart && (isFull || first.busy > 0)) this.start();
      else if (isFull) return;
      else first.take(this.waiting.shift()!);
    }
  }

  private start(): void {
    const worker = new PoolWorker(this.setup, (isOver) => {
      // A worker that failed as a whole is replaced with the next task.
      if (isOver) this.workers.splice(this.workers.indexOf(worker), 1);
      if (!this.closed) this.dispatch();
    });
    this.workers.push(worker);
  }
}

class PoolWorker {
  private readonly worker: Worker;
  private readonly tasks: WaitingTask[] = [];

  /** @param free called after each answer, and with true when the worker has failed as a whole */
  constructor(setup: WorkerSetup, free: (isOver: boolean) => void) {
    // Bundlers look for exactly these words.
    this.worker = new Worker(new URL("./entry.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      const task = this.tasks.shift();
      if ("error" in data) task?.reject(data.error);
      else task?.resolve(data.reply);
      free(false);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      const reason = event.message || "its script cannot be loaded";
      this.end(new Error(`worker ${setup.task}: ${reason}`));
      free(true);
    };
    this.send({ setup }, []);
  }

  /** Number of tasks that it has not answered. */
  get busy(): number {
    return this.tasks.length;
  }

  take(task: WaitingTask): void {
    try {
      this.send({ input: task.input }, task.transfer);
      this.tasks.push(task);
    } catch (error) {
      task.reject(error);
    }
  }

  end(reason: Error): void {
    this.worker.terminate();
    for (const task of this.tasks.splice(0)) task.reject(reason);
  }

  private send(request: WorkerRequest, transfer: readonly ArrayBuffer[]): void {
    this.worker.postMessage(request, [...transfer]);
  }
}
