import { expect, test } from "vitest";
import { ActivationPass } from "../../../src/method/inference/activations.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { mergeCam } from "../../../src/method/labels/index.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, worstError } from "../../network.ts";

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

test("large views of a crop, computed one image at a time, have the activations of a photograph", async () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const parameters = asArrays(readGolden("model"));
  const side = 352; // 528 pixels at the largest scale
  const data = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(0.01 * i));
  const image = { count: 3, width: side, height: side, data };
  const [crop, photograph] = await Promise.all(
    [{ side }, {}].map(async (known) => {
      const options = { scales: [1, 0.5, 1.5], ...known };
      const pass = new ActivationPass(nodeRuntime(), network, parameters, options);
      return pass.run(image).finally(() => pass.release());
    }),
  );
  expect(worstError(crop!.affinity.data, photograph!.affinity.data)).toBeLessThan(1e-5);
  crop!.scales.forEach(({ plain, flipped }, i) => {
    const other = photograph!.scales[i]!;
    expect(worstError(plain.data, other.plain.data)).toBeLessThan(1e-5);
    expect(worstError(flipped.data, other.flipped.data)).toBeLessThan(1e-5);
  });
});
