import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as ort from "onnxruntime-web";
import { describe, expect, test } from "vitest";
import { nodeRuntime } from "../../../../src/host/node/ort/runtime.ts";
import { wasmRuntime } from "../../../../src/host/node/ort/wasm-runtime.ts";
import { ForwardPass } from "../../../../src/method/inference/forward.ts";
import { Afa } from "../../../../src/method/model/index.ts";
import { readGolden } from "../../../golden.ts";
import { asArrays, worstError } from "../../../network.ts";
import { checks } from "../../../runtime-conformance.ts";

describe("ONNX Runtime as WebAssembly", () => {
  const runtime = wasmRuntime(ort, 1);

  test.each(Object.entries(checks))("%s", (_, check) => check(runtime));

  test("computes what native code computes, to rounding", async () => {
    const results = [];
    for (const one of [nodeRuntime(), runtime]) {
      const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
      const pass = new ForwardPass(one, network, asArrays(readGolden("model")));
      results.push(await pass.run(asArrays(readGolden("forward_64x96"))["input"]!));
      await pass.release();
    }
    const [native, wasm] = results;
    for (const name of ["clsLogits", "segLogits", "affinity", "cam"] as const) {
      expect(wasm![name].shape).toEqual(native![name].shape);
      expect(worstError(wasm![name].data, native![name].data), name).toBeLessThan(1e-5);
    }
  });
});

/** Runs a program of the sources in a process of its own, without native code. */
async function withoutNative(
  file: string,
  ...args: readonly string[]
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, TAG2MASK_ORT: "wasm" };
  return promisify(execFile)(process.execPath, ["--import", "tsx", file, ...args], { env });
}

test("who has no native code is told once, whatever threads and processes a command has", async () => {
  const { stdout, stderr } = await withoutNative("test/host/node/ort/without-native.ts");
  const why =
    /^ONNX Runtime runs as WebAssembly, on the CPU alone and [\d.]+ to [\d.]+ times slower than native code: TAG2MASK_ORT asks for it$/;
  expect(stderr.trim().replace("tag2mask: ", "")).toMatch(why);
  const [channelBlock, child, webgpu, auto] = stdout.trim().split("\n");
  expect([channelBlock, child, auto]).toEqual(["1 cpu", "wasm", "cpu"]);
  const [problem, available] = webgpu!.split("; ");
  expect(problem!.replace("device webgpu: ", "")).toMatch(why);
  expect(available).toBe("available devices: cpu");
});

test("doctor says why there is no native code and no GPU", async () => {
  const { stdout, stderr } = await withoutNative("src/cli/main.ts", "doctor");
  expect(stderr.match(/as WebAssembly/g)).toHaveLength(1);
  expect(stdout).toMatch(
    /^ONNX Runtime +1\.30\.0; ONNX Runtime runs as WebAssembly.* TAG2MASK_ORT/m,
  );
  expect(stdout).toMatch(/^device cpu +works, [\d.]+ GFLOP\/s$/m);
  expect(stdout).toMatch(/^device webgpu +not available: ONNX Runtime runs as WebAssembly/m);
  expect(stdout).toMatch(/^device cuda +not available: ONNX Runtime runs as WebAssembly/m);
});
