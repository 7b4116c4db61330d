import { afterAll, expect, test } from "vitest";
import { float32, input, writeModel } from "../../../src/engine/graph/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { Afa, imageInput } from "../../../src/method/model/index.ts";

const network = new Afa({ backbone: "mit_tiny", classes: 2, decoderWidth: 8 });
const parameters = network.initialize(3);
const blocks = ["block1.0", "block2.0", "block3.0", "block3.1", "block4.0", "block4.1"];
const rows = 2 * blocks.length;
const shape = [2, 32, 32] as const;
const image = float32(
  [...shape, 3],
  Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => Math.sin(0.37 * i)),
);
const scales = input("drop_path", [rows, 2]);
const { features } = network.encoder.forward(imageInput(shape), scales);

const stages = Object.fromEntries(features.map(({ tokens }, i) => [`stage${i + 1}`, tokens]));
const session = await nodeRuntime().createSession(writeModel(stages));
afterAll(() => session.release());

/** Features of both images by stage; the scales are 1 except at the dropped places, which are 0. */
async function encode(dropped: readonly number[], weights = parameters): Promise<number[][]> {
  const places = Array.from({ length: 2 * rows }, (_, i) => (dropped.includes(i) ? 0 : 1));
  const feeds = { image, ...weights, drop_path: float32([rows, 2], places) };
  const results = await session.run(
    feeds,
    Object.fromEntries(Object.keys(stages).map((name) => [name, null])),
  );
  return Object.values(results).map(({ data }) => [...(data as Float32Array)]);
}

/** Row 2i belongs to the attention of block i, row 2i + 1 to its feed-forward layer. */
const branches = blocks.flatMap((block, i) => [
  [2 * i, `encoder.${block}.attn.proj`] as const,
  [2 * i + 1, `encoder.${block}.mlp.fc2`] as const,
]);

test.each(branches)("scale row %i drops the branch that ends in %s", async (row, layer) => {
  const silent = { ...parameters };
  for (const name of [`${layer}.weight`, `${layer}.bias`]) {
    const { shape } = parameters[name]!;
    silent[name] = float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }
  const dropped = await encode([2 * row, 2 * row + 1]);
  expect(dropped).toEqual(await encode([], silent));
  expect(dropped).not.toEqual(await encode([]));
});

test("a scale drops a branch for one image and does not affect the other", async () => {
  const [whole, dropped] = [await encode([]), await encode([1])];
  for (const [i, features] of dropped.entries()) {
    const first = features.length / 2;
    expect(features.slice(0, first)).toEqual(whole[i]!.slice(0, first));
    expect(features.slice(first)).not.toEqual(whole[i]!.slice(first));
  }
});
