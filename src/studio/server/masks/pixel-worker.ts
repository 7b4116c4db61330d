import type { ChildProcess } from "node:child_process";
import type { LabelMap } from "../../../method/images/image.ts";
import { diedError, endChild, lastWords, receivedError, startModule } from "../child-process.ts";
import type { SentError } from "../child-process.ts";
import type { LabelOverlap, PixelResult, PixelWork } from "./pixel-work.ts";

interface Waiting {
  resolve(result: PixelResult): void;
  reject(error: unknown): void;
}

type Answer = { readonly id: number } & (
  { readonly result: PixelResult } | { readonly error: SentError }
);

/** A process that works on the pixels of masks, so that the server's own is never busy for long. It writes no files. */
export class PixelWorker {
  private child: ChildProcess | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;

  async bytes(work: PixelWork & { readonly want: "runs" | "png" }): Promise<Uint8Array> {
    return ((await this.ask(work)) as { bytes: Uint8Array }).bytes;
  }

  async labels(work: Omit<PixelWork, "want">): Promise<LabelMap> {
    return ((await this.ask({ ...work, want: "labels" })) as { labels: LabelMap }).labels;
  }

  async overlap(work: Omit<PixelWork, "want">): Promise<LabelOverlap> {
    return (await this.ask({ ...work, want: "overlap" })) as LabelOverlap;
  }

  /** Starts the process, which takes a moment, before there is work. */
  start(): ChildProcess {
    if (this.child) return this.child;
    const child = startModule(new URL("./pixel-process", import.meta.url));
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
      // The next piece of work starts another.
      this.child = undefined;
      for (const { reject } of this.waiting.values()) reject(diedError(child, words()));
      this.waiting.clear();
    };
    child.once("close", end).once("error", end);
    return child;
  }

  async close(): Promise<void> {
    if (this.child) await endChild(this.child);
  }

  private ask(work: PixelWork): Promise<PixelResult> {
    const child = this.start();
    const id = this.count++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      child.send({ id, work }, (error) => {
        if (!error) return;
        this.waiting.delete(id);
        reject(error);
      });
    });
  }
}
