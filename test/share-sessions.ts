import { createHash } from "node:crypto";
import * as ort from "onnxruntime-node";

// ONNX Runtime takes about a second to compile the graph of a training step, many times what the tiny networks of the
// tests take to run it. A graph that was compiled with the same options is therefore used again, also after its session has
// been released: it holds no state between two runs.

/** Compiled graphs that a test process keeps, the least recently used ones first. */
const mostKept = 48;
const kept = new Map<string, Promise<ort.InferenceSession>>();
const compile = ort.InferenceSession.create.bind(ort.InferenceSession) as (
  model: Uint8Array | string,
  options?: ort.InferenceSession.SessionOptions,
) => Promise<ort.InferenceSession>;

function keyOf(model: Uint8Array, options?: ort.InferenceSession.SessionOptions): string {
  return createHash("sha256").update(model).update(JSON.stringify(options)).digest("hex");
}

async function createShared(
  model: Uint8Array | string,
  options?: ort.InferenceSession.SessionOptions,
): Promise<ort.InferenceSession> {
  // A file may have changed since.
  if (typeof model === "string") return await compile(model, options);
  const key = keyOf(model, options);
  const compiling = kept.get(key) ?? compile(model, options);
  kept.delete(key);
  const session = await compiling;
  kept.set(key, compiling);
  for (const [oldest] of kept) {
    if (kept.size <= mostKept) break;
    kept.delete(oldest);
  }
  const run = session.run.bind(session) as (...args: unknown[]) => Promise<unknown>;
  let isReleased = false;
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (...args: unknown[]) => {
      if (isReleased) throw new Error("session: was released");
      return await run(...args);
    },
    release: async () => void (isReleased = true),
  } as unknown as ort.InferenceSession;
}

// Test files that share a process run this for each of them.
if (ort.InferenceSession.create.name !== createShared.name) {
  ort.InferenceSession.create = createShared as typeof ort.InferenceSession.create;
}
