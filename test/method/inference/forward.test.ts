import { expect, test } from "vitest";
import { ForwardPass, type ForwardResult } from "../../../src/method/inference/forward.ts";
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
