import { expect, test } from "vitest";
import {
  activationBytes,
  ActivationPass,
  cropActivations,
  photographBytes,
} from "../../../src/method/inference/activations.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { mergeCam } from "../../../src/method/labels/index.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, worstError } from "../../network.ts";
import { countingRuntime } from "../../counting-runtime.ts";

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

const network = new Afa({ backbone: "mit_tiny", classes: 2, decoderWidth: 4 });

test("sides that are no multiple of 16 are rounded up to tokens, small ones scaled to 32 pixels", async () => {
  const { runtime, open } = countingRuntime();
  const pass = new ActivationPass(runtime, network, network.initialize(1), { scales: [0.5, 1.1] });
  const data = Float32Array.from({ length: 3 * 66 * 40 }, (_, i) => Math.sin(i));
  const { scales, affinity } = await pass.run({ count: 3, width: 66, height: 40, data });
  const sizes = scales.flatMap(({ plain, flipped }) =>
    [plain, flipped].map(({ count, width, height }) => [count, width, height]),
  );
  // 33 x 32 and 72 x 44 pixels.
  expect(sizes).toEqual([
    [2, 3, 2],
    [2, 3, 2],
    [2, 5, 3],
    [2, 5, 3],
  ]);
  expect([affinity.width, affinity.height, affinity.data.length]).toEqual([5, 3, 15 ** 2]);
  expect(open()).toBe(2);
  await pass.release();
  expect(open()).toBe(0);
});

test("the graph of a crop has an output for each scale, of pairs of images, and one affinity", () => {
  const shapes = (scales: number[], side: number) =>
    Object.fromEntries(
      Object.entries(cropActivations(network, { scales, side })).map(([name, { shape }]) => [
        name,
        shape,
      ]),
    );
  expect(shapes([0.5, 1.5, 1], 64)).toEqual({
    "cam.0": [2, 2, 2, 2],
    "cam.1": [2, 2, 6, 6],
    affinity: [1, 36, 36],
    "cam.2": [2, 2, 4, 4],
  });
  expect(shapes([1], 512)).toEqual({ "cam.0": [2, 2, 32, 32], affinity: [1, 1024, 1024] });
});

test("images up to 480 pixels are computed as pairs, larger ones one after the other", () => {
  const bytes = (side: number) => activationBytes(network, { scales: [1], side });
  const perPixel = (side: number) => bytes(side) / side ** 4;
  // A pair needs the memory of two, most of it for attention, which grows with the fourth power of the side.
  expect(bytes(481)).toBeLessThan(0.8 * bytes(480));
  expect(perPixel(480) / perPixel(464)).toBeCloseTo(1, 1);
  const photograph = photographBytes(network, { scales: [0.5, 1.5], side: 400 });
  expect(photograph).toBe(photographBytes(network, { scales: [1], side: 600 }));
  expect(photograph).toBeGreaterThan(photographBytes(network, { scales: [1], side: 400 }));
});
