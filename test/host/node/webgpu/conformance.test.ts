import { describe, expect, test } from "vitest";
import { checks } from "../../../runtime-conformance.ts";
import { onWebgpu } from "./adapter.ts";

const run = await onWebgpu<string>(new URL("./conformance-process.ts", import.meta.url));

describe.skipIf(run.missing !== null)("ONNX Runtime on WebGPU", () => {
  test.each(Object.keys(checks))("%s", async (name) => {
    expect(await run.result(name)).toBe("holds");
  });
});
