import type { Answer, Failure, Request, TaskName, Tasks, WorkerRole } from "../protocol.ts";
import { t } from "./strings.ts";

/** A failure of a worker, in the page. */
export class WorkerFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** A failure to show, of whatever was thrown. */
export function failureIn(error: unknown): Failure {
  if (error instanceof WorkerFailure) return error.failure;
  if (error instanceof Error) return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) }; // prettier-ignore
  return { message: String(error) };
}

/** Whether the page itself has ended a task. */
export function isCanceled(error: unknown): boolean {
  return error instanceof WorkerFailure && error.failure.code === "canceled";
}

export interface AskOptions<Name extends TaskName> {
  readonly tell?: (news: Tasks[Name]["news"]) => void;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  tell(news: unknown): void;
  resolve(result: unknown): void;
  reject(error: WorkerFailure): void;
}

/** A worker that does tasks. One that dies fails the tasks that it had; the next task starts another one. */
export class WorkerClient {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** @param role what it computes, which decides on its threads */
  constructor(private readonly role: WorkerRole) {}

  ask<Name extends TaskName>(
    task: Name,
    input: Tasks[Name]["input"],
    { tell, signal }: AskOptions<Name> = {},
  ): Promise<Tasks[Name]["result"]> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const done = (): void => signal?.removeEventListener("abort", cancel);
      const cancel = (): void => this.send({ id, cancel: true });
      this.waiting.set(id, {
        tell: (news) => tell?.(news as Tasks[Name]["news"]),
        resolve: (result) => {
          done();
          resolve(result as Tasks[Name]["result"]);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      signal?.addEventListener("abort", cancel);
      try {
        this.send({ id, task, input });
        if (signal?.aborted) cancel();
      } catch (error) {
        this.waiting.delete(id);
        reject(error as Error);
      }
    });
  }

  /** Ends the worker and whatever it does. */
  close(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.failAll({ message: "worker: ended by the page", code: "canceled" });
  }

  private send(request: Request): void {
    this.worker ??= this.start();
    this.worker.postMessage(request);
  }

  private start(): Worker {
    // Bundlers look for exactly these words.
    const worker = new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module", name: this.role }); // prettier-ignore
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      if (this.worker === worker) this.worker = undefined;
      const message = t.workerDied(event.message || "its script cannot be loaded");
      this.failAll({ message, code: "worker-died" });
    };
    return worker;
  }

  private take(answer: Answer): void {
    const waiting = this.waiting.get(answer.id);
    if (!waiting) return;
    if ("news" in answer) return waiting.tell(answer.news);
    this.waiting.delete(answer.id);
    if ("failure" in answer) waiting.reject(new WorkerFailure(answer.failure));
    else waiting.resolve(answer.result);
  }

  private failAll(failure: Failure): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of all) reject(new WorkerFailure(failure));
  }
}

/** The worker for everything but trainings, each of which has its own. */
export const desk = new WorkerClient("desk");
