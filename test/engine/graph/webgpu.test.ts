import { describe, expect, test } from "vitest";
import { onWebgpu } from "../../host/node/webgpu/adapter.ts";
import type { OpErrors } from "./central-differences.ts";
import { opTable } from "./op-table.ts";

const run = await onWebgpu<OpErrors>(new URL("./webgpu-process.ts", import.meta.url));

describe.skipIf(run.missing !== null)("on WebGPU", () => {
  test.each(opTable.map((row) => row.name))(
    "%s equals its formula, its gradients central differences",
    async (name) => {
      const errors = await run.result(name);
      expect(errors.value).toBeLessThan(2e-6);
      for (const error of errors.gradients) expect(error).toBeLessThan(2e-6);
    },
  );
});
