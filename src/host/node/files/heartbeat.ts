import { Worker } from "node:worker_threads";

/** Seconds between two heartbeats. */
export const heartbeatSeconds = 10;

/**
 * Program of the thread: writes the time into the lock files that it is told of. It looks for the token first, so that it never
 * touches a file in a lock's place, and opens the file each time: nothing stays open that could become another file. It counts in
 * bytes: the name of a host may have letters of several, and some runtimes (Deno 2.9) mind a position with bytes alone.
 */
const program = `
const { closeSync, openSync, readFileSync, writeSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
let locks = [];
function beat() {
  for (const { path, token } of locks) {
    try {
      const file = openSync(path, "r+");
      try {
        const content = readFileSync(file);
        const time = Buffer.from('"' + new Date().toISOString() + '"}\\n');
        const position = content.length - time.length;
        if (content.includes(token)) writeSync(file, time, 0, time.length, position);
      } finally {
        closeSync(file);
      }
    } catch {}
  }
}
parentPort.on("message", (list) => { locks = list; beat(); });
setInterval(beat, workerData * 1000);
`;

interface BeatingLock {
  readonly path: string;
  readonly token: string;
}

/**
 * Renews the heartbeats of lock files. This is done in a thread of its own: a step of a training may keep the main one busy for
 * minutes.
 */
export class Heartbeats {
  private readonly locks = new Set<BeatingLock>();
  private thread: Worker | undefined;
  private starting: NodeJS.Timeout | undefined;

  /** @param seconds time between two heartbeats */
  constructor(private readonly seconds = heartbeatSeconds) {}

  /** Renews the heartbeat of a lock until the function that is returned is called. */
  start(lock: BeatingLock): () => void {
    this.locks.add(lock);
    this.announce();
    // Most locks are held for a shorter time and need no thread.
    this.starting ??= setTimeout(() => this.startThread(), (this.seconds * 1000) / 2).unref();
    return () => {
      this.locks.delete(lock);
      this.announce();
      if (this.locks.size === 0) this.stop();
    };
  }

  private startThread(): void {
    this.thread = new Worker(program, { eval: true, workerData: this.seconds });
    // Without heartbeats a lock still holds on its own machine.
    this.thread.on("error", () => (this.thread = undefined));
    this.thread.unref();
    this.announce();
  }

  private stop(): void {
    clearTimeout(this.starting);
    this.starting = undefined;
    void this.thread?.terminate();
    this.thread = undefined;
  }

  private announce(): void {
    this.thread?.postMessage([...this.locks]);
  }
}
