import { expect, test } from "vitest";
import type { Runtime } from "../../../src/engine/graph/index.ts";
import { fastestLayout } from "../../../src/method/inference/fastest-layout.ts";

const runtime: Runtime = { device: "cpu", createSession: () => Promise.reject(new Error("none")) };
const withBlock = (block: number): Runtime => ({
  ...runtime,
  channelBlock: () => Promise.resolve(block),
});

test("layers are computed in the runtime's blocks of channels, if it has any", async () => {
  expect(await fastestLayout(withBlock(8))).toEqual({ block: 8, within: "layer" });
  expect(await fastestLayout(withBlock(2), "convolution")).toEqual({
    block: 2,
    within: "convolution",
  });
  expect(await fastestLayout(withBlock(1))).toBe("maps");
  expect(await fastestLayout(runtime)).toBe("maps");
  expect(await fastestLayout({ ...runtime, device: "webgpu" })).toBe("gpu");
});
