import { parentPort } from "node:worker_threads";
import type { NdArray, Runtime, Session } from "../../../engine/graph/index.ts";
import type { RuntimeOptions } from "../../host.ts";
import { nodeRuntime } from "../ort/runtime.ts";

/** What a thread of `SessionPool` is asked for; sessions have numbers. */
export type LaneRequest =
  | { readonly kind: "create"; readonly id: number; readonly model: Uint8Array | string }
  | {
      readonly kind: "run";
      readonly id: number;
      readonly feeds: Readonly<Record<string, NdArray>>;
      /** Names of the wanted outputs. */
      readonly outputs: readonly string[];
    }
  | { readonly kind: "release"; readonly id: number }
  /** Says when all before it is done. */
  | { readonly kind: "rest" };

/** What comes of it. */
export interface LaneResults {
  /** Names of the session's inputs, and the model back. */
  readonly create: { readonly inputNames: readonly string[]; readonly model: Uint8Array | string };
  /** The wanted outputs. */
  readonly run: Record<string, NdArray>;
  readonly release: undefined;
  readonly rest: undefined;
}

export type LaneAnswer =
  { readonly result: LaneResults[keyof LaneResults] } | { readonly error: unknown };

/** What a thread of `SessionPool` is told when it starts. */
export interface LaneSetup {
  readonly lane: RuntimeOptions;
}

/** Answers the requests of a `SessionPool` in this thread, one after the other: answers are told apart by their order. */
export function startLane(options: RuntimeOptions): void {
  const runtime = nodeRuntime(options);
  const sessions = new Map<number, Session>();
  let before: Promise<void> = Promise.resolve();
  parentPort!.on("message", (request: LaneRequest) => {
    before = before
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
  if (!session) throw new Error(`session pool: ${kind} of session ${id}, which is not there`);
  if (kind === "run") {
    return session.run(request.feeds, Object.fromEntries(request.outputs.map((n) => [n, null])));
  }
  sessions.delete(id);
  await session.release();
  return undefined;
}

/** What an answer to a request hands over instead of copying it. */
function buffersOf({ kind }: LaneRequest, result: LaneResults[keyof LaneResults]): ArrayBuffer[] {
  if (kind === "create") {
    const { model } = result as LaneResults["create"];
    return typeof model === "string" ? [] : [model.buffer as ArrayBuffer];
  }
  const outputs = kind === "run" ? Object.values(result as LaneResults["run"]) : [];
  return [...new Set(outputs.map(({ data }) => data.buffer as ArrayBuffer))];
}
