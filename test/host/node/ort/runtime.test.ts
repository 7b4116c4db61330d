import { afterAll, describe, test } from "vitest";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";
import { SessionPool } from "../../../../src/host/node/workers/session-pool.ts";
import { checks } from "../../../runtime-conformance.ts";

describe("ONNX Runtime on the CPU", () => {
  test.each(Object.entries(checks))("%s", (_, check) => check(nodeRuntime()));
});

describe("a pool of sessions in threads", () => {
  const pool = new SessionPool({ lanes: 2, threads: 1 });
  afterAll(() => pool.close());
  test.each(Object.entries(checks))("%s", (_, check) => check(pool));
});
