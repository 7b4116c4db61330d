import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AfaOptions, Afa, imageInput } from "../../../src/method/model/index.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, channelsLast, evaluate, worstError } from "../../network.ts";

const shapes = JSON.parse(
  readFileSync(new URL("../../golden/state_dict_shapes.json", import.meta.url), "utf8"),
) as Record<AfaOptions["backbone"], Record<string, number[]>>;

test.each(Object.keys(shapes) as AfaOptions["backbone"][])(
  "%s has the published parameter names and shapes",
  (backbone) => {
    const network = new Afa({ backbone, classes: 20 });
    const actual = network.parameters.map((p) => [p.name, p.shape]);
    expect(actual).toEqual(Object.entries(shapes[backbone]));
  },
);

test.each([
  ["mit_b0", 3_724_678],
  ["mit_b1", 13_692_902],
  ["mit_b5", 81_984_486],
] as const)("%s has as many weights as the published network", (backbone, size) => {
  expect(new Afa({ backbone, classes: 20 }).size).toBe(size);
});

describe.each([
  ["static", (n: number, h: number, w: number) => [n, h, w] as const],
  ["dynamic", () => ["n", "h", "w"] as const],
])("forward pass with %s sizes", (_, dims) => {
  test.each(["forward_64x96", "forward_75x101"])("equals golden %s", async (name) => {
    const golden = readGolden(name);
    const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
    const image = channelsLast(golden["input"]!);
    const [n, h, w] = image.shape as [number, number, number];
    const out = network.forward(imageInput(dims(n, h, w)));
    const results = await evaluate(
      {
        cls_logits: out.clsLogits,
        seg_logits: out.segLogits,
        affinity: out.affinity,
        cam: out.cam,
        ...Object.fromEntries(out.features.map((feature, i) => [`features.${i + 1}`, feature])),
        "attention.0": out.attention[0]!,
        "attention.1": out.attention[1]!,
      },
      { image, ...asArrays(readGolden("model")) },
    );
    for (const key of [
      "cls_logits",
      "seg_logits",
      "affinity",
      "cam",
      "features.1",
      "features.2",
      "features.3",
      "features.4",
    ]) {
      expect(results[key]!.shape, key).toEqual(golden[key]!.shape);
      expect(worstError(results[key]!.data, golden[key]!.data), key).toBeLessThan(1e-5);
    }
    const both = golden["attn_logits.last2"]!;
    const half = results["attention.0"]!.data.length / n;
    for (let b = 0; b < n; b++) {
      for (const i of [0, 1]) {
        const actual = results[`attention.${i}`]!.data.slice(b * half, (b + 1) * half);
        const expected = both.data.slice((2 * b + i) * half, (2 * b + i + 1) * half);
        expect(worstError(actual, expected), `attention ${i} of image ${b}`).toBeLessThan(1e-5);
      }
    }
  });
});

test("average pooling equals golden pooling_gap", async () => {
  const golden = readGolden("pooling_gap");
  const network = new Afa({
    backbone: "mit_tiny",
    classes: 5,
    decoderWidth: 32,
    pooling: "average",
  });
  const image = channelsLast(golden["input"]!);
  const out = network.forward(imageInput(["n", "h", "w"]));
  const results = await evaluate(
    { cls: out.clsLogits },
    { image, ...asArrays(readGolden("model")) },
  );
  expect(worstError(results["cls"]!.data, golden["cls_logits"]!.data)).toBeLessThan(1e-5);
});

test("the same seed has the same initial weights, another seed others", () => {
  const network = new Afa({ backbone: "mit_tiny", classes: 3 });
  const [a, b, c] = [network.initialize(1), network.initialize(1), network.initialize(2)];
  const name = "encoder.block1.0.mlp.fc1.weight";
  expect(a).toEqual(b);
  expect(a[name]!.data).not.toEqual(c[name]!.data);
});

test("initial weights have the published deviation", () => {
  const weights = new Afa({ backbone: "mit_b0", classes: 20 }).initialize(3);
  const spread = (name: string): number => {
    const data = weights[name]!.data as Float32Array;
    return Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
  };
  const constant = (name: string, value: number): void =>
    expect(
      (weights[name]!.data as Float32Array).every((v) => v === value),
      name,
    ).toBe(true);
  expect(spread("encoder.block3.0.attn.kv.weight")).toBeCloseTo(0.02, 3);
  expect(spread("encoder.patch_embed2.proj.weight")).toBeCloseTo(Math.sqrt(2 / (9 * 64)), 2);
  expect(spread("encoder.block4.0.mlp.dwconv.dwconv.weight")).toBeCloseTo(Math.sqrt(2 / 9), 1);
  // PyTorch's default, uniform in ±1/√fan_in: a spread of that over √3.
  expect(spread("classifier.weight")).toBeCloseTo(1 / Math.sqrt(3 * 256), 2);
  constant("encoder.block1.0.attn.q.bias", 0);
  constant("encoder.norm4.weight", 1);
  constant("encoder.norm4.bias", 0);
  constant("decoder.linear_fuse.bn.running_var", 1);
});
