import type { OrtWeb } from "./module.ts";

/** Runs tasks one after the other, also after one that failed. */
export class Queue {
  private last: Promise<unknown> = Promise.resolve();

  add<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }
}

const queues = new WeakMap<OrtWeb["InferenceSession"], Queue>();

/** The queue of a module, shared by all of its runtimes. */
export function queueOf({ InferenceSession }: OrtWeb): Queue {
  let queue = queues.get(InferenceSession);
  if (!queue) queues.set(InferenceSession, (queue = new Queue()));
  return queue;
}
