import { expect, test } from "vitest";
import { ActivationPass } from "../../src/eval/activations.ts";
import { Afa } from "../../src/model/index.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { mergeCam } from "../../src/pseudo/index.ts";
import { readGolden } from "../golden.ts";
import { asArrays, worstError } from "../network.ts";

test.each([
  ["static", 96],
  ["dynamic", undefined],
])("multi-scale activations and affinity of %s graphs equal golden cam", async (_, side) => {
  const golden = readGolden("cam");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const parameters = asArrays(readGolden("model"));
  const pass = new ActivationPass(nodeRuntime(), network, parameters, {
    scales: [1, 0.5, 1.5],
    ...(side !== undefined && { side }),
  });
  const pixels = golden["input"]!.data as Float32Array;
  for (let i = 0; i < 2; i++) {
    const data = pixels.subarray(i * 3 * 96 * 96, (i + 1) * 3 * 96 * 96);
    const { scales, affinity } = await pass.run({ count: 3, width: 96, height: 96, data });
    const cam = mergeCam(scales, [0, 1, 2, 3, 4], 96, 96);
    const part = (name: string, count: number): Float32Array =>
      (golden[name]!.data as Float32Array).subarray(i * count, (i + 1) * count);
    expect(worstError(cam.data, part("cam", cam.data.length))).toBeLessThan(1e-4);
    // The file holds both images, then both mirror images: the first two are ours.
    expect(worstError(affinity.data, part("affinity", affinity.data.length))).toBeLessThan(1e-4);
  }
  await pass.release();
});
