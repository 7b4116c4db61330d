import { Worker } from "node:worker_threads";
import type { Feeds, NdArray, Runtime, Session } from "../graph/index.ts";
import { isOnDevice } from "../graph/index.ts";
import type { RuntimeOptions } from "./runtime.ts";
import type { LaneAnswer, LaneRequest, LaneResults } from "./session-lane.ts";
import { workerEntry } from "./worker-entry.ts";

export interface SessionPoolOptions {
  /** Graphs computed at the same time, each in a thread of its own. */
  readonly lanes: number;
  /** Threads inside an operator, in each lane. */
  readonly threads: number;
}

/**
 * ONNX Runtime on the CPU in threads of their own, so that the caller's stays free: the runs of a session
 * are computed side by side, as many as there are lanes. Two images on one core each take less time than
 * one after the other on both, above all where other work needs the cores too.
 */
export class SessionPool implements Runtime {
  readonly device = "cpu";
  /** Graphs computed at the same time. */
  readonly lanes: number;
  private readonly threads: readonly Lane[];
  private readonly idle: Lane[];
  private readonly waiting: ((lane: Lane) => void)[] = [];
  private sessions = 0;

  constructor({ lanes, threads }: SessionPoolOptions) {
    if (!Number.isInteger(lanes) || lanes < 1) {
      throw new RangeError(`session pool: ${lanes} lanes; give a whole number from 1`);
    }
    const options = { device: this.device, threads };
    this.lanes = lanes;
    this.threads = Array.from({ length: lanes }, () => new Lane(options));
    this.idle = [...this.threads];
  }

  async createSession(model: Uint8Array | string): Promise<Session> {
    const id = this.sessions++;
    const made = this.threads.map((lane) => lane.ask({ kind: "create", id, model }));
    const [inputNames] = await Promise.all(made);
    return {
      inputNames: inputNames!,
      run: (feeds, fetches) => this.run(id, feeds, fetches),
      release: async () => {
        await Promise.all(this.threads.map((lane) => lane.ask({ kind: "release", id })));
      },
    };
  }

  /** Ends the threads; runs under way fail. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((lane) => lane.close()));
  }

  private async run(
    id: number,
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
  ): Promise<Record<string, NdArray>> {
    const outputs = Object.keys(fetches);
    const given = outputs.find((name) => fetches[name] !== null);
    if (given !== undefined) {
      throw new Error(
        `session pool: an array for output ${given}; outputs are made in other threads, fetch null`,
      );
    }
    if (!areArrays(feeds)) throw new Error("session pool: it computes on the CPU; feed arrays");
    const lane = this.idle.pop() ?? (await new Promise<Lane>((turn) => this.waiting.push(turn)));
    try {
      return await lane.ask({ kind: "run", id, feeds, outputs });
    } finally {
      const next = this.waiting.shift();
      if (next) next(lane);
      else this.idle.push(lane);
    }
  }
}

function areArrays(feeds: Feeds): feeds is Readonly<Record<string, NdArray>> {
  return !Object.values(feeds).some(isOnDevice);
}

/** A worker thread with ONNX Runtime, which answers requests in their order. */
class Lane {
  private readonly worker: Worker;
  private readonly asked: { resolve(answer: LaneAnswer): void; reject(error: unknown): void }[] =
    [];
  private ended: Error | undefined;

  constructor(options: RuntimeOptions) {
    this.worker = new Worker(workerEntry("session-lane"), { workerData: options });
    this.worker.on("message", (answer: LaneAnswer) => this.asked.shift()?.resolve(answer));
    this.worker.on("error", (error: Error) => this.end(error));
    this.worker.on("exit", (code) => this.end(new Error(`session pool: a thread ended: ${code}`)));
    this.worker.unref();
  }

  async ask<Kind extends LaneRequest["kind"]>(
    request: Extract<LaneRequest, { kind: Kind }>,
  ): Promise<LaneResults[Kind]> {
    if (this.ended) throw this.ended;
    // Only while something is under way does a thread keep the process alive.
    this.worker.ref();
    const answer = await new Promise<LaneAnswer>((resolve, reject) => {
      this.asked.push({ resolve, reject });
      this.worker.postMessage(request);
    });
    if (this.asked.length === 0) this.worker.unref();
    if ("error" in answer) throw answer.error;
    return answer.result as LaneResults[Kind];
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.asked.splice(0)) reject(error);
  }
}
