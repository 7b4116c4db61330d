import { AskedProcess } from "../asked-process.ts";
import { GivenUp } from "../failure.ts";
import type { ModelAnswers, ModelWork } from "./model-work.ts";

/** What comes first: what a person looks at, then what helps to tag, then what may be looked at next. */
export const priorities = { shown: 2, aside: 1, ahead: 0 } as const;
export type Priority = (typeof priorities)[keyof typeof priorities];

export interface AskOptions {
  readonly priority?: Priority;
  /** Aborted when nobody waits for the answer any more, which is rejected with `GivenUp` then. */
  readonly signal?: AbortSignal | undefined;
  /** Work of the same key is done once for all who ask meanwhile. */
  readonly key?: string;
}

type Result = ModelAnswers[keyof ModelAnswers];

interface Job {
  readonly key: string;
  readonly work: ModelWork;
  priority: number;
  /** Those who wait for it. */
  readonly waiting: Set<Waiting>;
}

interface Waiting {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Milliseconds without work after which the process ends, to give its memory back. */
const idleTime = 10 * 60_000;

/**
 * Work for the model's process, one piece at a time, the most urgent first. The process starts with the first piece and again after
 * it died, which fails the piece that it was at.
 */
export class ModelQueue {
  private readonly process = new AskedProcess<ModelWork, Result>(
    new URL("./model-process", import.meta.url),
  );
  private readonly jobs = new Map<string, Job>();
  private current: Job | undefined;
  private count = 0;
  private idle: NodeJS.Timeout | undefined;
  private isClosed = false;

  ask<Kind extends ModelWork["do"]>(
    work: ModelWork & { readonly do: Kind },
    { priority = priorities.shown, signal, key }: AskOptions = {},
  ): Promise<ModelAnswers[Kind]> {
    const name = key ?? `${this.count++}`;
    const job = this.jobs.get(name) ?? { key: name, work, priority, waiting: new Set() };
    job.priority = Math.max(job.priority, priority);
    this.jobs.set(name, job);
    const answer = new Promise<Result>((resolve, reject) => {
      if (this.isClosed) return reject(new Error("the model's process is closed"));
      const waiting = { resolve, reject };
      job.waiting.add(waiting);
      const leave = (): void => {
        job.waiting.delete(waiting);
        // What has begun is finished: a later request may want it.
        if (job.waiting.size === 0 && job !== this.current) this.jobs.delete(name);
        reject(new GivenUp());
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener("abort", leave, { once: true });
    });
    this.next();
    return answer as Promise<ModelAnswers[Kind]>;
  }

  /** Number of the process that computes; undefined while there is none. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.idle);
    for (const job of this.jobs.values()) {
      for (const { reject } of job.waiting) reject(new Error("the studio is closed"));
    }
    this.jobs.clear();
    await this.process.end();
  }

  private next(): void {
    if (this.current || this.isClosed) return;
    let job: Job | undefined;
    for (const one of this.jobs.values()) if (!job || one.priority > job.priority) job = one;
    clearTimeout(this.idle);
    if (!job) {
      this.idle = setTimeout(() => void this.process.end(), idleTime).unref();
      return;
    }
    this.current = job;
    this.process.ask(job.work).then(
      (result) => this.settle(job, ({ resolve }) => resolve(result)),
      (error: unknown) => this.settle(job, ({ reject }) => reject(error)),
    );
  }

  private settle(job: Job, how: (waiting: Waiting) => void): void {
    this.current = undefined;
    this.jobs.delete(job.key);
    job.waiting.forEach(how);
    this.next();
  }
}
