import { expect, test } from "vitest";
import type { NdArray } from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { buildStep, type StepGraphOptions } from "../../../src/method/train/step-graph.ts";
import { Random } from "../../../src/engine/random.ts";

const network = new Afa({ backbone: "mit_tiny", classes: 3, decoderWidth: 16 });
const blocks = network.encoder.blockCount;
const random = Random.at(1, "step-graph");
const floats = (shape: number[], value: () => number): NdArray => ({
  dtype: "float32",
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, value),
});
const feeds = {
  ...network.initialize(1),
  image: floats([2, 64, 64, 3], () => random.normal()),
  tags: floats([2, 3], () => random.int(2)),
  seg_label: floats([2, 64, 64], () => random.int(4)),
  affinity_label: floats([2, 16, 16], () => random.int(2)),
  loss_weights: floats([3], () => 0.1),
};

async function lossOf(
  options: Partial<StepGraphOptions>,
  more: Record<string, NdArray> = {},
): Promise<number> {
  const plain = { kind: "full", batch: 2, crop: 64, dropPath: false, dropout: false } as const;
  const graph = buildStep(network, { ...plain, learned: network.trainable, ...options });
  const session = await nodeRuntime().createSession(graph.model);
  const results = await session.run({ ...feeds, ...more }, { "loss.total": null });
  await session.release();
  return Number(results["loss.total"]!.data[0]);
}

test("scales of 1 are the same as no DropPath and no dropout", async () => {
  const ones = { drop_path: floats([2 * blocks, 2], () => 1), dropout: floats([2, 16], () => 1) };
  const noisy = await lossOf({ dropPath: true, dropout: true }, ones);
  expect(noisy).toBeCloseTo(await lossOf({}), 5);
});

test("a scale of zero drops the branches: the blocks' weights no longer matter", async () => {
  const zero = { drop_path: floats([2 * blocks, 2], () => 0) };
  const weights = Object.fromEntries(
    Object.entries(feeds)
      .filter(([name]) => /encoder\.block\d\.\d\.(attn|mlp)/.test(name))
      .filter(([name]) => !/block4\.\d\.attn\.(q|kv)/.test(name)) // these feed the affinity head
      .map(([name, { shape }]) => [name, floats([...shape], () => random.normal())]),
  );
  const dropped = await lossOf({ dropPath: true }, zero);
  expect(await lossOf({ dropPath: true }, { ...zero, ...weights })).toBeCloseTo(dropped, 5);
  expect(Math.abs((await lossOf({}, weights)) - dropped)).toBeGreaterThan(1e-3);
});

test("frozen norms have no gradient in the graph, everything else has one", () => {
  const learned = network.trainable.filter(({ group }) => group !== "norms");
  const options = { kind: "full", batch: 1, crop: 64, dropPath: false, dropout: false } as const;
  const { gradients } = buildStep(network, { ...options, learned });
  expect(gradients).toEqual(learned.map(({ name }) => name));
});

test("a classification step reaches the encoder and the classifier only", () => {
  const options = {
    kind: "classification",
    batch: 1,
    crop: 64,
    dropPath: false,
    dropout: false,
  } as const;
  const { gradients } = buildStep(network, { ...options, learned: network.trainable });
  const others = gradients.filter((name) => !/^(encoder|classifier)\./.test(name));
  expect(others).toEqual([]);
  expect(gradients).toContain("classifier.weight");
});
