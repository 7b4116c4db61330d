import { describe, expect, test } from "vitest";
import {
  ExportedForward,
  ForwardPass,
  type ForwardResult,
} from "../../../src/method/inference/forward.ts";
import { float32, type NdArray, type Runtime } from "../../../src/engine/graph/index.ts";
import { UserError } from "../../../src/user-error.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, worstError } from "../../network.ts";

test("one forward pass computes batches of any size and equals the golden files", async () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const pass = new ForwardPass(nodeRuntime(), network, asArrays(readGolden("model")));
  const names: Record<keyof ForwardResult, string> = {
    clsLogits: "cls_logits",
    segLogits: "seg_logits",
    affinity: "affinity",
    cam: "cam",
  };
  for (const file of ["forward_64x96", "forward_75x101"]) {
    const golden = readGolden(file);
    const result = await pass.run(asArrays(golden)["input"]!);
    for (const [ours, theirs] of Object.entries(names)) {
      const { shape, data } = result[ours as keyof ForwardResult];
      expect(shape, ours).toEqual(golden[theirs]!.shape);
      expect(worstError(data, golden[theirs]!.data), ours).toBeLessThan(1e-5);
    }
  }
  await pass.release();
});

test.each([
  [31, 32],
  [32, 31],
  [1, 500],
])("images of %i x %i pixels are too small for the network", async (width, height) => {
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const pass = new ForwardPass(nodeRuntime(), network, {});
  const data = new Float32Array(3 * width * height);
  const message = `forward: images are ${width} x ${height}; resize them to at least 32 a side`;
  await expect(pass.run(float32([1, 3, height, width], data))).rejects.toThrow(message);
  await expect(pass.runPixels(float32([1, height, width, 3], data))).rejects.toThrow(message);
});

describe("an exported model", () => {
  /** A runtime whose model has these inputs and answers with so many labels and tags. */
  function runtimeOf(inputNames: string[], labels: number, tags: number, failure?: string) {
    const seen: NdArray["shape"][] = [];
    let released = 0;
    const runtime: Runtime = {
      device: "cpu",
      createSession: async () => ({
        inputNames,
        run: async (feeds) => {
          if (failure) throw new Error(failure);
          seen.push((feeds["pixel_values"] as NdArray).shape);
          return {
            logits: float32([1, labels, 8, 8], new Float32Array(labels * 64)),
            tag_logits: float32([1, tags], new Float32Array(tags)),
          };
        },
        release: async () => void released++,
      }),
    };
    return { runtime, seen, released: () => released };
  }

  test("is checked on the smallest image, and its logits are those of the file", async () => {
    const { runtime, seen, released } = runtimeOf(["pixel_values"], 4, 3);
    const forward = new ExportedForward(runtime, "m.onnx", "m.onnx", 3);
    await forward.check();
    expect(seen).toEqual([[1, 3, 32, 32]]);
    const pixels = float32([1, 3, 40, 32], new Float32Array(3 * 40 * 32));
    const { clsLogits, segLogits } = await forward.run(pixels);
    expect([clsLogits.shape, segLogits.shape]).toEqual([
      [1, 3],
      [1, 4, 8, 8],
    ]);
    expect(released()).toBe(0);
    await forward.release();
    expect(released()).toBe(1);
    const small = float32([1, 3, 31, 32], new Float32Array(3 * 31 * 32));
    await expect(forward.run(small)).rejects.toThrow("forward: images are 32 x 31");
  });

  test.each<[string, ReturnType<typeof runtimeOf>, string]>([
    ["another input", runtimeOf(["x"], 4, 3), "expected the input pixel_values, found x"],
    [
      "more inputs",
      runtimeOf(["pixel_values", "x"], 4, 3),
      "expected the input pixel_values, found pixel_values, x",
    ],
    [
      "more labels",
      runtimeOf(["pixel_values"], 5, 3),
      "it predicts 5 labels and 3 tags, but its metadata names 3 classes",
    ],
    [
      "fewer tags",
      runtimeOf(["pixel_values"], 4, 2),
      "it predicts 4 labels and 2 tags, but its metadata names 3 classes",
    ],
    [
      "an operator that fails",
      runtimeOf(["pixel_values"], 4, 3, "no such kernel"),
      "the model cannot be run: no such kernel",
    ],
  ])(
    "with %s is refused by its check, which releases it",
    async (_, { runtime, released }, problem) => {
      const checked = new ExportedForward(runtime, "m.onnx", "m.onnx", 3).check();
      await expect(checked).rejects.toThrow(UserError);
      await expect(checked).rejects.toThrow(
        `m.onnx: ${problem}; give a model that tag2mask exported`,
      );
      expect(released()).toBe(1);
    },
  );

  test("that cannot be loaded is refused with the reason", async () => {
    const runtime: Runtime = {
      device: "cpu",
      createSession: () => Promise.reject(new Error("not a protobuf")),
    };
    const checked = new ExportedForward(runtime, new Uint8Array(3), "m.onnx", 3).check();
    await expect(checked).rejects.toThrow(UserError);
    await expect(checked).rejects.toThrow(/^m\.onnx: the model cannot be loaded: not a protobuf$/);
  });
});
