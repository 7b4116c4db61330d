import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import {
  type Feeds,
  type NdArray,
  type RunOptions,
  type Session,
  type SessionOptions,
  isOnDevice,
} from "../../../engine/graph/index.ts";
import type { RuntimeOptions, RuntimePool } from "../../host.ts";
import type { LaneAnswer, LaneRequest, LaneResults, LaneSetup } from "./session-lane.ts";
import { workerEntry } from "./worker-entry.ts";

export interface SessionPoolOptions {
  /** Graphs computed at the same time, each in a thread of its own. */
  readonly lanes: number;
  /** Threads inside an operator, in each lane. */
  readonly threads: number;
}

/** A run that waits for a lane. */
interface Turn {
  readonly session: PooledSession;
  start(lane: Lane): void;
  reject(error: unknown): void;
}

/** A session in the lanes that have it so far. */
interface PooledSession {
  readonly id: number;
  readonly lanes: Set<Lane>;
  /** Settles when every lane has it, or failed to make it. */
  made: Promise<void>;
  /** Runs that are not finished. */
  readonly runs: Set<Promise<unknown>>;
  /** Why some lane could not make it. */
  failure?: unknown;
  released: boolean;
}

/**
 * ONNX Runtime on the CPU in threads of their own, so that the caller's stays free: the runs of a session
 * are computed side by side, as many as there are lanes. Two images on one core each take less time than
 * one after the other on both, above all where other work needs the cores too.
 *
 * A session is there as soon as the first lane has it; the other lanes begin with it then, beside the
 * first runs.
 */
export class SessionPool implements RuntimePool {
  readonly device = "cpu";
  /** Graphs computed at the same time. */
  readonly width: number;
  private readonly threads: Lane[];
  private waiting: Turn[] = [];
  private sessions = 0;
  private closed = false;
  private readonly startLane: () => Lane;

  constructor({ lanes, threads }: SessionPoolOptions) {
    if (!Number.isInteger(lanes) || lanes < 1) {
      throw new RangeError(`session pool: ${lanes} lanes; give a whole number from 1`);
    }
    this.width = lanes;
    this.startLane = () => new Lane({ device: this.device, threads }, () => this.dispatch());
    this.threads = [this.startLane()];
  }

  async createSession(
    model: Uint8Array | string,
    { transfer: given = false }: SessionOptions = {},
  ): Promise<Session> {
    const session: PooledSession = {
      id: this.sessions++,
      lanes: new Set(),
      made: Promise.resolve(),
      runs: new Set(),
      released: false,
    };
    const own = typeof model === "string" || (given && isWhole(model)) ? model : model.slice();
    const making = this.create(session, this.threads[0]!, own);
    // Threads start while the first has something to do, and not before: all want the cores to begin with.
    while (!this.closed && this.threads.length < this.width) this.threads.push(this.startLane());
    const { inputNames, model: back } = await making;
    const others = this.threads.slice(1);
    const rest = others.map((lane, i) => {
      const last = i === others.length - 1;
      return this.create(session, lane, typeof back === "string" || last ? back : back.slice());
    });
    session.made = Promise.all(rest).then(
      () => undefined,
      (error: unknown) => {
        session.failure = error;
        this.dispatch();
      },
    );
    return {
      inputNames,
      run: (feeds, fetches, options) => this.run(session, feeds, fetches, options),
      release: () => this.release(session),
    };
  }

  /** Found in the caller's thread, and once: it is the processor's. */
  async channelBlock(): Promise<number> {
    const { nodeRuntime } = await import("../ort/runtime.ts");
    return nodeRuntime().channelBlock!();
  }

  /** Ends the threads once they are through with what they have begun; what waits fails. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.threads.map((lane) => lane.close()));
  }

  /** @param model handed over, and handed back */
  private async create(
    session: PooledSession,
    lane: Lane,
    model: Uint8Array | string,
  ): Promise<LaneResults["create"]> {
    const { id } = session;
    const buffers = typeof model === "string" ? [] : [model.buffer as ArrayBuffer];
    const made = await lane.ask({ kind: "create", id, model }, buffers);
    session.lanes.add(lane);
    this.dispatch();
    return made;
  }

  private async run(
    session: PooledSession,
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
    { transfer: mine = false }: RunOptions = {},
  ): Promise<Record<string, NdArray>> {
    const outputs = Object.keys(fetches);
    const given = outputs.find((name) => fetches[name] !== null);
    if (given !== undefined) {
      throw new Error(
        `session pool: an array for output ${given}; outputs are made in other threads, fetch null`,
      );
    }
    if (!areArrays(feeds)) throw new Error("session pool: it computes on the CPU; feed arrays");
    const { id } = session;
    if (session.released) throw new Error(`session pool: run of session ${id}, which is not there`);
    const done = new Promise<Record<string, NdArray>>((resolve, reject) => {
      const start = (lane: Lane): void => {
        const { arrays, buffers } = handedOver(feeds, mine);
        resolve(lane.ask({ kind: "run", id, feeds: arrays, outputs }, buffers));
      };
      this.waiting.push({ session, start, reject });
      this.dispatch();
    });
    session.runs.add(done);
    try {
      return await done;
    } finally {
      session.runs.delete(done);
    }
  }

  /** Once the lanes are through with making and running it. */
  private async release(session: PooledSession): Promise<void> {
    session.released = true;
    const { id, lanes } = session;
    await session.made;
    await Promise.allSettled(session.runs);
    const asked = [...lanes].map((lane) => lane.ask({ kind: "release", id }));
    lanes.clear();
    await Promise.all(asked);
  }

  /** Gives the runs that wait, the first first, to lanes that have their session and nothing to do. */
  private dispatch(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const turn of waiting) {
      const { session, start, reject } = turn;
      const lane = this.threads.find((one) => one.idle && session.lanes.has(one));
      if (session.failure !== undefined) reject(session.failure);
      else if (lane) start(lane);
      else this.waiting.push(turn);
    }
  }
}

/** Whether an array is all of its buffer, which can then be handed over. */
function isWhole({ byteLength, buffer }: NdArray["data"]): boolean {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
}

function areArrays(feeds: Feeds): feeds is Readonly<Record<string, NdArray>> {
  return !Object.values(feeds).some(isOnDevice);
}

/** Arrays that can be handed over, which takes half of what cloning does: what is not given is copied. */
function handedOver(
  feeds: Readonly<Record<string, NdArray>>,
  given: boolean,
): { arrays: Record<string, NdArray>; buffers: ArrayBuffer[] } {
  const arrays: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(feeds)) {
    const { data } = array;
    arrays[name] = given && isWhole(data) ? array : { ...array, data: data.slice() };
  }
  const buffers = Object.values(arrays).map(({ data }) => data.buffer as ArrayBuffer);
  return { arrays, buffers: [...new Set(buffers)] };
}

/** A worker thread with ONNX Runtime, which answers requests in their order. */
class Lane {
  private readonly worker: Worker;
  private readonly asked: { resolve(answer: LaneAnswer): void; reject(error: unknown): void }[] =
    [];
  private ended: Error | undefined;

  /** @param answered told after every answer */
  constructor(
    options: RuntimeOptions,
    private readonly answered: () => void,
  ) {
    const setup: LaneSetup = { lane: options };
    this.worker = new Worker(workerEntry(), { workerData: setup });
    this.worker.on("message", (answer: LaneAnswer) => {
      this.asked.shift()?.resolve(answer);
      this.answered();
    });
    this.worker.on("error", (error: Error) => this.end(error));
    this.worker.on("exit", (code) => this.end(new Error(`session pool: a thread ended: ${code}`)));
    this.worker.unref();
  }

  /** Whether it would begin at once with what it is asked. */
  get idle(): boolean {
    return this.asked.length === 0;
  }

  async ask<Kind extends LaneRequest["kind"]>(
    request: Extract<LaneRequest, { kind: Kind }>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<LaneResults[Kind]> {
    if (this.ended) throw this.ended;
    // Only while something is under way does a thread keep the process alive.
    this.worker.ref();
    const answer = await new Promise<LaneAnswer>((resolve, reject) => {
      this.asked.push({ resolve, reject });
      this.worker.postMessage(request, [...transfer]);
    });
    if (this.asked.length === 0) this.worker.unref();
    if ("error" in answer) throw answer.error;
    return answer.result as LaneResults[Kind];
  }

  async close(): Promise<void> {
    // ONNX Runtime ends the process when its thread is taken from under it, at work or still loading it.
    const resting = this.ask({ kind: "rest" }).catch(() => undefined);
    this.ended ??= new Error("session pool: a thread ended: the pool was closed");
    await resting;
    await this.worker.terminate();
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.asked.splice(0)) reject(error);
    this.answered();
  }
}

/** Lanes that share the cores. */
export function sharedPool(lanes: number): SessionPool {
  return new SessionPool({
    lanes,
    threads: Math.max(1, Math.floor(availableParallelism() / lanes)),
  });
}
