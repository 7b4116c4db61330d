import { expect, test } from "vitest";
import { float32 } from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { lossesAndGradients } from "../../../src/method/train/losses-and-gradients.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { gradientErrors } from "./golden-gradients.ts";

test("losses, gradients and batch statistics equal golden gradients", async () => {
  const { losses, gradients, cancelled, statistics, expected } =
    await gradientErrors(nodeRuntime());
  for (const [name, error] of Object.entries(losses)) expect(error, name).toBeLessThan(1e-5);
  for (const [name, error] of Object.entries(gradients)) expect(error, name).toBeLessThan(1e-3);
  for (const [name, most] of Object.entries(cancelled)) expect(most, name).toBeLessThan(1e-6);
  for (const error of statistics) expect(error).toBeLessThan(1e-5);
  expect(Object.keys(gradients)).toHaveLength(expected);
});

test("images that are no squares are refused", async () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 1, decoderWidth: 4 });
  const none = float32([1], [0]);
  const batch = { tags: none, segLabel: none, affinityLabel: none };
  const images = float32([1, 3, 32, 40], new Float32Array(3 * 32 * 40));
  await expect(
    lossesAndGradients(nodeRuntime(), network, {}, { ...batch, images }),
  ).rejects.toThrow("lossesAndGradients: images are 40 x 32; crop them to squares");
});
