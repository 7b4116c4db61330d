import type { Change } from "./recorder.ts";

/** Changes that can be taken back, and those that were, within a limit of memory: the oldest are forgotten. */
export class History {
  readonly #mostBytes: number;
  readonly #done: Change[] = [];
  readonly #undone: Change[] = [];
  #bytes = 0;

  /** @param mostBytes limit of memory, which only a single change may exceed */
  constructor({ mostBytes = 64 << 20 }: { mostBytes?: number } = {}) {
    this.#mostBytes = mostBytes;
  }

  /** How many changes can be undone and redone. */
  get depth(): { readonly undo: number; readonly redo: number } {
    return { undo: this.#done.length, redo: this.#undone.length };
  }

  push(change: Change): void {
    for (const { bytes } of this.#undone.splice(0)) this.#bytes -= bytes;
    this.#done.push(change);
    this.#bytes += change.bytes;
    while (this.#bytes > this.#mostBytes && this.#done.length > 1) {
      this.#bytes -= this.#done.shift()!.bytes;
    }
  }

  /** Puts another change in the place of the last one, or nothing. */
  replaceLast(change: Change | undefined): void {
    const last = this.#done.pop();
    if (last) this.#bytes -= last.bytes;
    if (change) this.push(change);
  }

  /** The change to take back now; undefined if there is none. */
  undo(): Change | undefined {
    const change = this.#done.pop();
    if (change) this.#undone.push(change);
    return change;
  }

  /** The change to make again now; undefined if there is none. */
  redo(): Change | undefined {
    const change = this.#undone.pop();
    if (change) this.#done.push(change);
    return change;
  }
}
