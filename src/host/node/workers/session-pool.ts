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
import { loadOrt } from "../ort/load-ort.ts";
import { workerEntry } from "./worker-entry.ts";

export interface SessionPoolOptions {
  /** Graphs computed at the same time, each in a thread of its own. */
  readonly lanes: number;
  /** Threads inside an operator, in each lane. */
  readonly threads: number;
}

/** A run that waits for a lane. */
interface QueuedRun {
  readonly session: PooledSession;
  start(lane: Lane): void;
  reject(error: unknown): void;
}

/** A session, which every lane identifies by its number. */
interface PooledSession {
  readonly id: number;
  /** Lanes that have created the session so far. */
  readonly lanes: Set<Lane>;
  /** Unfinished runs. */
  readonly runs: Set<Promise<unknown>>;
  /** Settles when all lanes have tried to create the session; never rejects. */
  creations: Promise<void>;
  /** Error of a lane that could not create the session; its runs then fail with this error. */
  failure?: unknown;
  released: boolean;
}

/**
 * ONNX Runtime on the CPU in worker threads ("lanes"), so that the caller's thread stays free and runs of a session are
 * computed side by side. Two images on one core each take less time than one after the other on two cores, above all if
 * other work needs the cores too.
 *
 * ```
 * createSession   lane 0 creates it, and the call returns
 *                 the other lanes create it afterwards, while lane 0 may already run it
 * run             joins the queue; the first idle lane that has the session takes it, oldest run first
 * release         waits for creations and runs, then every lane releases the session
 * ```
 */
export class SessionPool implements RuntimePool {
  readonly device = "cpu";
  readonly width: number;
  private readonly lanes: Lane[];
  private queue: QueuedRun[] = [];
  private sessionCount = 0;
  private closed = false;
  private readonly startLane: () => Lane;

  constructor({ lanes, threads }: SessionPoolOptions) {
    if (!Number.isInteger(lanes) || lanes < 1) {
      throw new RangeError(`session pool: ${lanes} lanes; give a whole number from 1`);
    }
    // The threads load it too, but the user is told by this one if it is slow.
    loadOrt();
    this.width = lanes;
    this.startLane = () => new Lane({ device: this.device, threads }, () => this.dispatch());
    this.lanes = [this.startLane()];
  }

  /** Creates a session; with `transfer` the pool takes over the buffer of the model instead of copying it. */
  async createSession(
    model: Uint8Array | string,
    { transfer = false }: SessionOptions = {},
  ): Promise<Session> {
    const session: PooledSession = {
      id: this.sessionCount++,
      lanes: new Set(),
      runs: new Set(),
      creations: Promise.resolve(),
      released: false,
    };
    const transferable =
      typeof model === "string" || (transfer && ownsBuffer(model)) ? model : model.slice();
    const first = this.createIn(this.lanes[0]!, session, transferable);
    // The other threads start only now, while lane 0 is busy: starting takes all cores for a moment.
    while (!this.closed && this.lanes.length < this.width) this.lanes.push(this.startLane());
    const { inputNames, model: returnedModel } = await first;
    session.creations = this.createInOthers(session, returnedModel);
    return {
      inputNames,
      run: (feeds, fetches, options) => this.run(session, feeds, fetches, options),
      release: () => this.release(session),
    };
  }

  /** Detects the block in the caller's thread: it is a property of the processor. */
  async channelBlock(): Promise<number> {
    const { nodeRuntime } = await import("../ort/runtime.ts");
    return nodeRuntime().channelBlock!();
  }

  /** Ends the threads when their current runs are finished; queued runs fail. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }

  /** Creates a session in one lane. @param model moves to the lane and comes back with the answer */
  private async createIn(
    lane: Lane,
    session: PooledSession,
    model: Uint8Array | string,
  ): Promise<LaneResults["create"]> {
    const buffers = typeof model === "string" ? [] : [model.buffer as ArrayBuffer];
    const answer = await lane.ask({ kind: "create", id: session.id, model }, buffers);
    session.lanes.add(lane);
    this.dispatch();
    return answer;
  }

  /** Creates a session in all lanes but the first. Each gets a copy of the model, the last one the model itself. */
  private async createInOthers(session: PooledSession, model: Uint8Array | string): Promise<void> {
    const others = this.lanes.slice(1);
    const creations = others.map((lane, i) => {
      const copied = typeof model !== "string" && i < others.length - 1;
      return this.createIn(lane, session, copied ? model.slice() : model);
    });
    try {
      await Promise.all(creations);
    } catch (error) {
      session.failure = error;
      this.dispatch();
    }
  }

  private async run(
    session: PooledSession,
    feeds: Feeds,
    fetches: Readonly<Record<string, NdArray | null>>,
    { transfer = false }: RunOptions = {},
  ): Promise<Record<string, NdArray>> {
    const { id } = session;
    const outputs = Object.keys(fetches);
    const preallocated = outputs.find((name) => fetches[name] !== null);
    if (preallocated !== undefined) {
      throw new Error(
        `session pool: got an array for output ${preallocated}; outputs come from other threads, fetch null`,
      );
    }
    if (!areArrays(feeds)) {
      throw new Error(
        "session pool: got a device array as feed; it computes on the CPU, feed arrays",
      );
    }
    if (session.released) throw new Error(`session pool: run of session ${id} after its release`);
    const finished = new Promise<Record<string, NdArray>>((resolve, reject) => {
      const start = (lane: Lane): void => {
        const { arrays, buffers } = forTransfer(feeds, transfer);
        resolve(lane.ask({ kind: "run", id, feeds: arrays, outputs }, buffers));
      };
      this.queue.push({ session, start, reject });
      this.dispatch();
    });
    session.runs.add(finished);
    try {
      return await finished;
    } finally {
      session.runs.delete(finished);
    }
  }

  private async release(session: PooledSession): Promise<void> {
    session.released = true;
    const { id, lanes } = session;
    await session.creations;
    await Promise.allSettled(session.runs);
    const releases = [...lanes].map((lane) => lane.ask({ kind: "release", id }));
    lanes.clear();
    await Promise.all(releases);
  }

  /** Starts every queued run, oldest first, for which an idle lane has the session; the others stay queued. */
  private dispatch(): void {
    const queue = this.queue;
    this.queue = [];
    for (const run of queue) {
      const { session } = run;
      const lane = this.lanes.find((candidate) => candidate.idle && session.lanes.has(candidate));
      if (session.failure !== undefined) run.reject(session.failure);
      else if (lane) run.start(lane);
      else this.queue.push(run);
    }
  }
}

/** Whether an array spans its whole buffer, so that the buffer can be transferred without taking other data along. */
function ownsBuffer({ byteLength, buffer }: NdArray["data"]): boolean {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
}

function areArrays(feeds: Feeds): feeds is Readonly<Record<string, NdArray>> {
  return !Object.values(feeds).some(isOnDevice);
}

/**
 * Arrays to transfer to a thread, and their buffers. Those that must stay with the caller are copied; copying and transferring
 * takes half the time of structured cloning.
 */
function forTransfer(
  feeds: Readonly<Record<string, NdArray>>,
  takeOver: boolean,
): { arrays: Record<string, NdArray>; buffers: ArrayBuffer[] } {
  const arrays: Record<string, NdArray> = {};
  for (const [name, array] of Object.entries(feeds)) {
    const { data } = array;
    arrays[name] = takeOver && ownsBuffer(data) ? array : { ...array, data: data.slice() };
  }
  const buffers = Object.values(arrays).map(({ data }) => data.buffer as ArrayBuffer);
  return { arrays, buffers: [...new Set(buffers)] };
}

/** A worker thread with ONNX Runtime. It answers requests in order, so that answers need no numbers. */
class Lane {
  private readonly worker: Worker;
  /** Requests without an answer yet, oldest first. */
  private readonly pending: { resolve(answer: LaneAnswer): void; reject(error: unknown): void }[] =
    [];
  /** Reason why the lane accepts no more requests. */
  private ended: Error | undefined;

  /** @param answered called after every answer */
  constructor(
    options: RuntimeOptions,
    private readonly answered: () => void,
  ) {
    const setup: LaneSetup = { lane: options };
    this.worker = new Worker(workerEntry(), { workerData: setup });
    this.worker.on("message", (answer: LaneAnswer) => {
      this.pending.shift()?.resolve(answer);
      this.answered();
    });
    this.worker.on("error", (error: Error) => this.end(error));
    this.worker.on("exit", (code) =>
      this.end(new Error(`session pool: a thread ended with exit code ${code}`)),
    );
    this.worker.unref();
  }

  /** Whether a request would start at once. */
  get idle(): boolean {
    return this.pending.length === 0;
  }

  async ask<Kind extends LaneRequest["kind"]>(
    request: Extract<LaneRequest, { kind: Kind }>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<LaneResults[Kind]> {
    if (this.ended) throw this.ended;
    // A thread keeps the process alive only while it has requests.
    this.worker.ref();
    const answer = await new Promise<LaneAnswer>((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.worker.postMessage(request, [...transfer]);
    });
    if (this.pending.length === 0) this.worker.unref();
    if ("error" in answer) throw answer.error;
    return answer.result as LaneResults[Kind];
  }

  async close(): Promise<void> {
    // Terminating a thread in the middle of ONNX Runtime, or while it is loaded, would end the process.
    const earlierRequests = this.ask({ kind: "rest" }).catch(() => undefined);
    this.ended ??= new Error("session pool: a thread ended: the pool was closed");
    await earlierRequests;
    await this.worker.terminate();
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.pending.splice(0)) reject(error);
    this.answered();
  }
}

/** A pool whose lanes share the cores evenly. */
export function sharedPool(lanes: number): SessionPool {
  return new SessionPool({
    lanes,
    threads: Math.max(1, Math.floor(availableParallelism() / lanes)),
  });
}
