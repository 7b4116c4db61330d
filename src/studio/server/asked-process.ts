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

/**
 * A process that is asked to do one thing after the other, a module that calls `answerQuestions`. It starts with the first question and
 * again after it died, which fails what it was at.
 */
export class AskedProcess<Work, Result> {
  private child: ChildProcess | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;

  /** @param module without ending, as in `new URL("./model-process", import.meta.url)` */
  constructor(private readonly module: URL) {}

  /** Number of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  ask(work: Work): Promise<Result> {
    const child = this.start();
    const id = this.count++;
    return new Promise<Result>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      child.send({ id, work } satisfies Question, (error) => {
        if (!error) return;
        this.waiting.delete(id);
        reject(error);
      });
    });
  }

  private start(): ChildProcess {
    if (this.child) return this.child;
    const child = startModule(this.module);
    const words = lastWords(child);
    this.child = child;
    child.on("message", (answer: Answer) => {
      const waiting = this.waiting.get(answer.id);
      this.waiting.delete(answer.id);
      if ("error" in answer) waiting?.reject(receivedError(answer.error));
      else waiting?.resolve(answer.result);
    });
    const end = (): void => {
      if (this.child !== child) return;
      this.child = undefined;
      const waiting = [...this.waiting.values()];
      this.waiting.clear();
      for (const { reject } of waiting) reject(diedError(child, words()));
    };
    child.once("close", end).once("error", end);
    return child;
  }

  /** Ends the process; the next question starts another. */
  async end(): Promise<void> {
    if (this.child) await endChild(this.child);
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
