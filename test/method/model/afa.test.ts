import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AfaOptions, Afa, imageInput } from "../../../src/method/model/index.ts";
import { Random } from "../../../src/engine/random.ts";
import { readGolden } from "../../golden.ts";
import { writeModel } from "../../../src/engine/graph/index.ts";
import { readModel } from "../../engine/graph/onnx-reader.ts";
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

test("small backbones have the sizes that their presets count on", () => {
  const sizes = (["mit_small", "mit_tiny"] as const).map((backbone) => {
    const network = new Afa({ backbone, classes: 4, decoderWidth: 16 });
    return [network.size, network.encoder.blockCount, network.classes, network.pooling];
  });
  expect(sizes).toEqual([
    [800_630, 6, 4, "max"],
    [257_774, 6, 4, "max"],
  ]);
});

test("norms of patches and of reduced maps add 1e-5 to the variance, all others 1e-6", () => {
  const network = new Afa({ backbone: "mit_small", classes: 2 });
  const { segLogits, cam } = network.forward(imageInput([1, 64, 64]));
  const norms = readModel(writeModel({ segLogits, cam })).nodes.filter(
    ({ operator }) => operator === "LayerNormalization",
  );
  const epsilons = norms.map(({ inputs, attributes }): [string, number] => {
    return [
      inputs[1]!.replace(/^encoder\.|\.weight$/g, ""),
      Number(attributes["epsilon"]!.toPrecision(6)),
    ];
  });
  const named = network.trainable.filter(
    ({ name, group }) => group === "norms" && /weight$/.test(name),
  );
  expect(epsilons).toHaveLength(named.length);
  for (const [name, epsilon] of epsilons)
    expect(epsilon, name).toBe(/^patch_embed|attn\.norm$/.test(name) ? 1e-5 : 1e-6);
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
  const bound = (name: string): number => {
    const data = weights[name]!.data as Float32Array;
    return data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  };
  for (const [name, fanIn] of [
    ["classifier.weight", 256],
    ["decoder.linear_c4.proj.weight", 256],
    ["decoder.linear_c4.proj.bias", 256],
    ["decoder.linear_c1.proj.weight", 32],
    ["decoder.linear_c1.proj.bias", 32],
    ["decoder.linear_fuse.conv.weight", 4 * 256],
    ["decoder.linear_pred.weight", 256],
  ] as const)
    expect(bound(name) * Math.sqrt(fanIn), name).toBeCloseTo(1, 1);
  // Kaiming normal with a = √5, over 16 heads; enough seeds for its deviation.
  const tiny = new Afa({ backbone: "mit_tiny", classes: 1, decoderWidth: 1 });
  const [heads, biases] = ["weight", "bias"].map((kind) => {
    const head = tiny.parameters.find(({ name }) => name === `attn_proj.${kind}`)!;
    return Array.from({ length: 40 }, (_, seed) => {
      return [...(head.initial(Random.at(seed)).data as Float32Array)];
    }).flat();
  }) as [number[], number[]];
  expect(Math.max(...biases.map(Math.abs))).toBeCloseTo(1 / Math.sqrt(16), 1);
  const square = heads.reduce((sum, v) => sum + v * v, 0) / heads.length;
  expect(heads).toHaveLength(40 * 16);
  expect(square).toBeCloseTo(2 / 6, 1);
  constant("encoder.block1.0.attn.q.bias", 0);
  constant("encoder.norm4.weight", 1);
  constant("encoder.norm4.bias", 0);
  constant("decoder.linear_fuse.bn.running_var", 1);
});
