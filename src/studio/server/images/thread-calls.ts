import type { Worker } from "node:worker_threads";
import { receivedError, type SentError } from "../child-process.ts";

/** What a thread is asked to do, by kind: the request and its result. */
export type Calls<C> = {
  readonly [K in keyof C]: { readonly request: unknown; readonly result: unknown };
};

/** What travels to a thread and back. */
export interface ToThread {
  readonly number: number;
  readonly kind: string;
  readonly request: unknown;
}
export type FromThread =
  | { readonly number: number; readonly result: unknown }
  | { readonly number: number; readonly error: SentError }
  | { readonly told: unknown };

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** Asks a thread to do things, many at a time. */
export class ThreadCalls<C extends Calls<C>> {
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;
  private failure: Error | undefined;

  /** @param onTold takes what the thread tells unasked */
  constructor(
    private readonly worker: Worker,
    onTold: (told: unknown) => void,
  ) {
    worker.on("message", (message: FromThread) => {
      if ("told" in message) return onTold(message.told);
      const waiting = this.waiting.get(message.number);
      this.waiting.delete(message.number);
      if ("error" in message) waiting?.reject(receivedError(message.error));
      else waiting?.resolve(message.result);
    });
    worker.on("error", (error) => this.fail(error instanceof Error ? error : Error(String(error))));
    worker.on("exit", () => this.fail(new Error("the thread of the images has ended")));
  }

  ask<K extends keyof C & string>(
    kind: K,
    request: C[K]["request"],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<C[K]["result"]> {
    if (this.failure) return Promise.reject(this.failure);
    const number = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      const message: ToThread = { number, kind, request };
      this.worker.postMessage(message, [...transfer]);
    });
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
