import { expect, test } from "vitest";
import { imageNetNormalization } from "../../../src/method/images/normalize.ts";
import { pixelsWithLongSide, withLongSide } from "../../../src/method/inference/long-side.ts";
import { labelsOf } from "../../../src/method/images/labels-of-logits.ts";
import { Predictor } from "../../../src/method/inference/predictor.ts";
import type { Runtime } from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, channelsLast, worstError } from "../../network.ts";

test.each([
  ["single", [1], false],
  ["msc3", [1, 0.5, 0.75], true],
  ["msc5", [1.5, 0.5, 1, 0.75, 1.25], true], // in any order
])(
  "inference over scales and flips equals golden inference_msc_flip %s",
  async (name, scales, flip) => {
    const golden = readGolden("inference_msc_flip");
    const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
    const predictor = Predictor.of(nodeRuntime(), network, asArrays(readGolden("model")));
    const [, , height, width] = golden["image"]!.shape as [number, number, number, number];
    const pixels = Uint8Array.from(channelsLast(golden["image"]!).data as Float32Array);
    const input = withLongSide({ width, height, data: pixels }, imageNetNormalization, 128);
    const { segLogits } = await predictor.predict(input, { scales, flip });
    await predictor.release();
    expect(worstError(segLogits.data, golden[`seg_logits.${name}`]!.data)).toBeLessThan(1e-5);
    const expected = golden[`prediction.${name}`]!.data;
    const labels = labelsOf(segLogits, width, height).data;
    const agreeing = labels.filter((label, p) => label === expected[p]).length;
    expect(agreeing / labels.length).toBeGreaterThanOrEqual(0.999);
  },
);

test("frozen weights have the same results as fed ones, also after those have changed", async () => {
  const golden = readGolden("inference_msc_flip");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const parameters = asArrays(readGolden("model"));
  const [, , height, width] = golden["image"]!.shape as [number, number, number, number];
  const pixels = Uint8Array.from(channelsLast(golden["image"]!).data as Float32Array);
  const input = withLongSide({ width, height, data: pixels }, imageNetNormalization, 128);
  const predictor = Predictor.of(nodeRuntime(), network, parameters, { frozen: true });
  const expected = golden["seg_logits.single"]!.data;
  for (let i = 0; i < 2; i++) {
    const { segLogits } = await predictor.predict(input);
    expect(worstError(segLogits.data, expected)).toBeLessThan(1e-5);
    for (const { data } of Object.values(parameters))
      if (data instanceof Float32Array) data.fill(0);
  }
  await predictor.release();
});

test("an image with channels last has the same results as its planes, and a session can be created in advance", async () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const predictor = Predictor.of(nodeRuntime(), network, asArrays(readGolden("model")));
  predictor.warmUp();
  const image = { width: 40, height: 32, data: Uint8Array.from({ length: 3840 }, (_, i) => i) };
  const made = await predictor.predictPixels(pixelsWithLongSide(image, imageNetNormalization, 64));
  const planes = withLongSide(image, imageNetNormalization, 64);
  expect(made).toEqual(await predictor.predict(planes));
  await predictor.release();
  let tries = 0;
  const broken: Runtime = {
    device: "cpu",
    createSession: () => Promise.reject(new Error(`no ${++tries}`)),
  };
  const failing = Predictor.of(broken, network, asArrays(readGolden("model")));
  failing.warmUp();
  await new Promise((resolve) => setImmediate(resolve));
  await expect(failing.predict(planes)).rejects.toThrow("no 2"); // made anew
  await failing.release();
});

test("the long side is met exactly and the other side rounded down", () => {
  const size = (width: number, height: number, longSide: number): number[] => {
    const image = { width, height, data: new Uint8Array(width * height * 3) };
    const { width: w, height: h } = withLongSide(
      image,
      { mean: [0, 0, 0], std: [1, 1, 1] },
      longSide,
    );
    return [w, h];
  };
  expect(size(96, 71, 128)).toEqual([128, 94]);
  expect(size(71, 96, 128)).toEqual([94, 128]);
  expect(size(1500, 7, 512)).toEqual([512, 2]);
});
