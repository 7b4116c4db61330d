import { RequestFailed } from "../api.ts";
import type { EventStream } from "./events.ts";

/** Between an attempt that did not reach the server and the next. */
const pauseMs = 250;

/** What is not on the server's disk yet. */
export class Saving {
  #pending = 0;
  readonly #watchers = new Set<() => void>();

  constructor(readonly events: EventStream) {}

  /** Number of changes under way. */
  pending = (): number => this.#pending;

  watch = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  /**
   * Counts work as not saved until it is done. Work that could not reach the server is done again once the server answers, so it
   * must come to the same when it is repeated.
   */
  save = async <T>(work: () => Promise<T>): Promise<T> => {
    this.#change(1);
    try {
      return await this.reach(work);
    } finally {
      this.#change(-1);
    }
  };

  /** Repeats work that could not reach the server as soon as the server answers. */
  reach = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RequestFailed) || error.status !== 0) throw error;
        this.events.lost();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        await this.events.online();
      }
    }
  };

  #change(by: number): void {
    this.#pending += by;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
