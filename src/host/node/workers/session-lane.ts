import { parentPort } from "node:worker_threads";
import type { NdArray, Runtime, Session } from "../../../engine/graph/index.ts";
import type { RuntimeOptions } from "../../host.ts";
import { nodeRuntime } from "../ort/runtime.ts";

/** A request to a thread of `SessionPool`; sessions are identified by numbers. */
export type LaneRequest =
  | { readonly kind: "create"; readonly id: number; readonly model: Uint8Array | string }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly feeds: Readonly<Record<string, NdArray>>;
      /** Names of the requested outputs. */
      readonly outputs: readonly string[];
    }
  | { readonly kind: "release"; readonly id: number }
  /** Answered once all earlier requests are done. */
  | { readonly kind: "rest" };

/** Results of the requests by their kind. */
export interface LaneResults {
  /** Names of the session's inputs, and the model, which moves back. */
  readonly create: { readonly inputNames: readonly string[]; readonly model: Uint8Array | string };
  /** The requested outputs. */
  readonly run: Record<string, NdArray>;
  readonly release: undefined;
  readonly rest: undefined;
}

export type LaneAnswer =
  { readonly result: LaneResults[keyof LaneResults] } | { readonly error: unknown };

/** Data that a thread of `SessionPool` starts with. */
export interface LaneSetup {
  readonly lane: RuntimeOptions;
}

/** Answers the requests of a `SessionPool` in this thread, in their order. */
export function startLane(options: RuntimeOptions): void {
  const runtime = nodeRuntime(options);
  const sessions = new Map<number, Session>();
  let previous: Promise<void> = Promise.resolve();
  parentPort!.on("message", (request: LaneRequest) => {
    previous = previous
      .then(() => answer(request, runtime, sessions))
      .then((result) => parentPort!.postMessage({ result }, buffersOf(request, result)))
      .catch((error: unknown) => parentPort!.postMessage({ error }));
  });
}

async function answer(
  request: LaneRequest,
  runtime: Runtime,
  sessions: Map<number, Session>,
): Promise<LaneResults[keyof LaneResults]> {
  const { kind } = request;
  if (kind === "rest") return undefined;
  const { id } = request;
  if (kind === "create") {
    const { model } = request;
    const session = await runtime.createSession(model);
    sessions.set(id, session);
    return { inputNames: session.inputNames, model };
  }
  const session = sessions.get(id);
  if (!session) throw new Error(`session pool: ${kind} of session ${id}, which does not exist`);
  if (kind === "run") {
    return session.run(
      request.feeds,
      Object.fromEntries(request.outputs.map((name) => [name, null])),
    );
  }
  sessions.delete(id);
  await session.release();
  return undefined;
}

/** Buffers that move with an answer instead of being copied. */
function buffersOf({ kind }: LaneRequest, result: LaneResults[keyof LaneResults]): ArrayBuffer[] {
  if (kind === "create") {
    const { model } = result as LaneResults["create"];
    return typeof model === "string" ? [] : [model.buffer as ArrayBuffer];
  }
  const outputs = kind === "run" ? Object.values(result as LaneResults["run"]) : [];
  return [...new Set(outputs.map(({ data }) => data.buffer as ArrayBuffer))];
}
