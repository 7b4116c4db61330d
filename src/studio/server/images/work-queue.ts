import { GivenUp } from "../failure.ts";

/** Work that waits for its turn. */
interface Waiting {
  start(): void;
}

/** Does a few things at a time; of those that wait, the newest first, since that is what a person looks at. */
export class WorkQueue {
  private readonly waiting: Waiting[] = [];
  private running = 0;

  constructor(private readonly atOnce: number) {}

  /** @param signal lets go of work that nobody waits for any more; its promise is rejected with `GivenUp` then */
  async run<R>(work: () => Promise<R>, signal: AbortSignal): Promise<R> {
    if (this.running >= this.atOnce) {
      await new Promise<void>((resolve, reject) => {
        const turn: Waiting = { start: resolve };
        this.waiting.push(turn);
        const giveUp = (): void => {
          const at = this.waiting.indexOf(turn);
          if (at < 0) return;
          this.waiting.splice(at, 1);
          reject(new GivenUp());
        };
        signal.addEventListener("abort", giveUp, { once: true });
      });
    }
    this.running++;
    try {
      return await work();
    } finally {
      this.running--;
      this.waiting.pop()?.start();
    }
  }
}
