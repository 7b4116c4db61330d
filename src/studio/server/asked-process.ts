import type { ChildProcess } from "node:child_process";
import {
  diedError,
  endChild,
  lastWords,
  receivedError,
  sentError,
  startModule,
  type SentError,
} from "./child-process.ts";

/** What a process is asked, and what it answers. */
interface Question {
  readonly id: number;
  readonly work: unknown;
}
type Answer = { readonly id: number } & (
  { readonly result: unknown } | { readonly error: SentError }
);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Running {
  readonly child: ChildProcess;
  /** Who waits for its answers, by the number of the question. */
  readonly waiting: Map<number, Waiting>;
}

/** Milliseconds after the end of a process in which its last words may still come. */
const lastWordsTime = 500;

/**
 * A process that is asked to do one thing after the other, a module that calls `answerQuestions`. It starts with the first question and
 * again after it died, which fails what it was at.
 */
export class AskedProcess<Work, Result> {
  private running: Running | undefined;
  private count = 0;

  /** @param module without ending, as in `new URL("./model-process", import.meta.url)` */
  constructor(private readonly module: URL) {}

  /** Number of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.running?.child.pid;
  }

  ask(work: Work): Promise<Result> {
    const { child, waiting } = this.start();
    const id = this.count++;
    return new Promise<Result>((resolve, reject) => {
      waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      child.send({ id, work } satisfies Question, (error) => {
        if (!error) return;
        waiting.delete(id);
        reject(error);
      });
    });
  }

  private start(): Running {
    // One that was told to end takes no question any more, however long its end takes.
    if (this.running?.child.connected) return this.running;
    const child = startModule(this.module);
    const words = lastWords(child);
    const waiting = new Map<number, Waiting>();
    const running = { child, waiting };
    this.running = running;
    child.on("message", (answer: Answer) => {
      const asker = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ("error" in answer) asker?.reject(receivedError(answer.error));
      else asker?.resolve(answer.result);
    });
    const end = (): void => {
      if (this.running === running) this.running = undefined;
      for (const { reject } of waiting.values()) reject(diedError(child, words()));
      waiting.clear();
    };
    child.once("close", end).once("error", end);
    // A channel that both sides close at the same time may keep "close" from coming.
    child.once("exit", () => setTimeout(end, lastWordsTime).unref());
    return running;
  }

  /** Ends the process; the next question starts another. */
  async end(): Promise<void> {
    if (this.running) await endChild(this.running.child);
  }
}

/** Makes this process answer what an `AskedProcess` asks, as long as the server is there. */
export function answerQuestions<Work>(answer: (work: Work) => Promise<unknown>): void {
  process.on("message", ({ id, work }: Question) => {
    answer(work as Work).then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: sentError(error) }),
    );
  });
  process.once("disconnect", () => process.exit());
}
