import * as ort from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { writeModel, exp, float32, input } from "../../../../src/engine/graph/index.ts";
import type { OrtWeb } from "../../../../src/host/web/ort/module.ts";
import { webRuntime } from "../../../../src/host/web/ort/runtime.ts";
import { checks } from "../../../runtime-conformance.ts";

// Without cross-origin isolation a page has one thread; a process ends with no thread of its own left open.
ort.env.wasm.numThreads = 1;

describe("onnxruntime-web on WebAssembly, in Node", () => {
  test.each(Object.entries(checks))("%s", (_, check) => check(webRuntime(ort)));
});

test("of one module, one session is created or run at a time, whichever runtime asks", async () => {
  let active = 0;
  let most = 0;
  const counted = async <Result>(task: () => Promise<Result>): Promise<Result> => {
    most = Math.max(most, ++active);
    return task().finally(() => active--);
  };
  const counting = {
    Tensor: ort.Tensor,
    InferenceSession: {
      create: (...args: Parameters<typeof ort.InferenceSession.create>) =>
        counted(async () => {
          const session = await ort.InferenceSession.create(...args);
          const run = session.run.bind(session) as (...all: unknown[]) => Promise<never>;
          session.run = (...all: unknown[]) => counted(() => run(...all));
          return session;
        }),
    },
  } as unknown as OrtWeb;
  const model = writeModel({ y: exp(input("x", [1])) });
  const sessions = await Promise.all([0, 1].map(() => webRuntime(counting).createSession(model)));
  const runs = [0, 1, 2, 3].map((i) => sessions[i % 2]!.run({ x: float32([1], [0]) }, { y: null }));
  for (const { y } of await Promise.all(runs)) expect([...y!.data]).toEqual([1]);
  expect(most).toBe(1);
});
