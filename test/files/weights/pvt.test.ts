import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { parseConfig } from "../../../src/method/config.ts";
import {
  Afa,
  backbones,
  imageInput,
  isSameBackbone,
  type BackboneName,
} from "../../../src/method/model/index.ts";
import { fastestLayout } from "../../../src/method/inference/fastest-layout.ts";
import { lossesAndGradients } from "../../../src/method/train/losses-and-gradients.ts";
import { segformerConfig } from "../../../src/files/export/transformers-js.ts";
import { readFirstWeights } from "../../../src/jobs/first-weights.ts";
import { Random } from "../../../src/engine/random.ts";
import { float32 } from "../../../src/engine/graph/index.ts";
import { channelsLast, evaluate, worstError } from "../../network.ts";
import { readGolden } from "../../golden.ts";

const folder = join(import.meta.dirname, "../../golden/checkpoints");
const classes = ["a", "b", "c", "d", "e"];
const config = parseConfig({ set: { "model.backbone": "pvt_v2_tiny", "model.decoderWidth": 32 } });
const network = new Afa({ backbone: "pvt_v2_tiny", classes: classes.length, decoderWidth: 32 });

test.each(["pvt_v2_official.pth", "pvt_v2_timm.safetensors"])(
  "%s gives golden forward_pvt, in sizes known in advance or not and in every layout",
  async (name) => {
    const { initial, notes } = await readFirstWeights(nodeHost.store, join(folder, name), config, classes); // prettier-ignore
    expect(notes.join("\n")).toMatch(/has 136 of the 155 tensors of pvt_v2_tiny/);
    expect(notes.join("\n")).toMatch(/ignored head\.weight, head\.bias: .*1000 classes/);
    const golden = readGolden("forward_pvt");
    const image = channelsLast(golden["image"]!);
    const sizes = [image.shape, ["n", "h", "w"]] as const;
    // Blocks are as wide as this processor's vectors.
    const layouts = ["maps", "tokens", await fastestLayout(nodeRuntime())] as const;
    for (const [n, h, w] of sizes as readonly (readonly (number | string)[])[]) {
      for (const layout of layouts) {
        const { features, attention } = network.forward(imageInput([n!, h!, w!]), layout);
        const graph = Object.fromEntries([
          ...features.map((x, i) => [`features.${i + 1}`, x] as const),
          ...attention.map((x, i) => [`attn_logits.${i}`, x] as const),
        ]);
        const results = await evaluate(graph, { image, ...initial });
        for (const [key, { shape, data }] of Object.entries(results)) {
          expect(shape, key).toEqual(golden[key]!.shape);
          expect(worstError(data, golden[key]!.data), `${key} ${String(layout)}`).toBeLessThan(
            1e-5,
          );
        }
      }
    }
  },
);

// Weights of the encoder without a classifier, counted from PVTv2's published 3.7, 14.0, 25.4, 45.2, 62.6 and 82.0 M.
test.each([
  ["pvt_v2_b0", 3.67, 256],
  ["pvt_v2_b1", 14.01, 512],
  ["pvt_v2_b2", 25.36, 512],
  ["pvt_v2_b3", 45.24, 512],
  ["pvt_v2_b4", 62.56, 512],
  ["pvt_v2_b5", 81.96, 512],
] as const)("%s has the published number of weights, %d million", (backbone, millions, width) => {
  const afa = new Afa({ backbone, classes: 1 });
  const encoder = afa.trainable.filter(({ name }) => name.startsWith("encoder."));
  const head = 1000 * width + 1000; // PVTv2's own classifier counts there
  const count = encoder.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), head);
  expect(Math.round(count / 1e4) / 100).toBe(millions);
});

test("weights of one network are taken under both of its names, those of another ratio are not", async () => {
  const pairs = Object.keys(backbones).flatMap((a) =>
    Object.keys(backbones)
      .filter((b) => a < b && isSameBackbone(a as BackboneName, b as BackboneName))
      .map((b) => [a, b]),
  );
  expect(pairs).toEqual([["mit_b5", "pvt_v2_b5"]]);
  const mit = parseConfig({ set: { "model.backbone": "mit_tiny", "model.decoderWidth": 32 } });
  await expect(
    readFirstWeights(nodeHost.store, join(folder, "pvt_v2_official.pth"), mit, classes),
  ).rejects.toThrow(/is a pvt_v2_tiny, but the settings say mit_tiny/);
});

test("every weight of a mini PVTv2 gets a gradient, equal to a difference of losses", async () => {
  const initial = network.initialize(3);
  const random = Random.at(1, "pvt");
  const batch = {
    images: float32([1, 3, 64, 64], Float32Array.from({ length: 3 * 64 * 64 }, () => random.next())), // prettier-ignore
    tags: float32([1, 5], [1, 0, 1, 0, 0]),
    segLabel: float32(
      [1, 64, 64],
      Float32Array.from({ length: 64 * 64 }, (_, i) => i % 3),
    ),
    affinityLabel: float32(
      [1, 16, 16],
      Float32Array.from({ length: 256 }, (_, i) => i % 2),
    ),
  };
  const at = (weights: typeof initial) =>
    lossesAndGradients(nodeRuntime(), network, weights, batch);
  const { gradients } = await at(initial);
  expect(Object.keys(gradients)).toHaveLength(network.trainable.length);
  // Against the gradient's own direction in an 8-fold feed-forward layer.
  const name = "encoder.block1.0.mlp.fc2.weight";
  const slope = gradients[name]!.data as Float32Array;
  expect(slope).toHaveLength(16 * 128);
  const norm = Math.hypot(...slope);
  const moved = async (step: number): Promise<number> => {
    const values = initial[name]!.data as Float32Array;
    const data = values.map((value, i) => value + (step * slope[i]!) / norm);
    const { losses } = await at({ ...initial, [name]: { ...initial[name]!, data } });
    return losses.total;
  };
  const difference = ((await moved(0.02)) - (await moved(-0.02))) / 0.04;
  expect(difference / norm).toBeCloseTo(1, 1);
});

test("an export for transformers.js tells the ratios in SegFormer's own field", () => {
  expect(segformerConfig({ network, config, classes }, false)).toMatchObject({
    model_type: "segformer",
    mlp_ratios: [8, 8, 4, 4],
  });
});
