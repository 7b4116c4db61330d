import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type BackboneName, Afa } from "../../../src/method/model/index.ts";
import { elements } from "../../../src/files/weights/elements.ts";
import { matchWeights } from "../../../src/files/weights/match.ts";
import { nameAsPublished } from "../../../src/files/weights/names.ts";
import { recognize } from "../../../src/files/weights/recognize.ts";
import { understandWeights } from "../../../src/files/weights/understand.ts";
import { readTensor, type StoredTensor } from "../../../src/files/weights/weights-file.ts";

type Shapes = Record<string, number[]>;

const published = JSON.parse(
  readFileSync(new URL("../../golden/state_dict_shapes.json", import.meta.url), "utf8"),
) as Record<BackboneName, Shapes>;
const backboneNames = Object.keys(published) as BackboneName[];

function stored(name: string, shape: readonly number[], data?: Float32Array): StoredTensor {
  const element = name.endsWith("num_batches_tracked") ? elements.int64 : elements.float32;
  const bytes = new Uint8Array((data ?? new Float32Array(0)).buffer);
  return { name, element, shape, read: () => Promise.resolve(bytes) };
}

function all(shapes: Shapes, rename: (name: string) => string = (name) => name): StoredTensor[] {
  return Object.entries(shapes).map(([name, shape]) => stored(rename(name), shape));
}

/** Renames as Hugging Face's own conversion script of SegFormer does, and parts keys from values. */
function asHuggingFace(shapes: Shapes): StoredTensor[] {
  return Object.entries(shapes).flatMap(([name, shape]) => {
    const stage = (text: string): string => String(Number(text) - 1);
    const renamed = name
      .replace(/^encoder\.patch_embed(\d)\.proj/, (_, i: string) => `segformer.encoder.patch_embeddings.${stage(i)}.proj`)
      .replace(/^encoder\.patch_embed(\d)\.norm/, (_, i: string) => `segformer.encoder.patch_embeddings.${stage(i)}.layer_norm`)
      .replace(/^encoder\.norm(\d)/, (_, i: string) => `segformer.encoder.layer_norm.${stage(i)}`)
      .replace(/^encoder\.block(\d)\./, (_, i: string) => `segformer.encoder.block.${stage(i)}.`)
      .replace(/\.attn\.norm\./, ".attention.self.layer_norm.")
      .replace(/\.norm([12])\.(weight|bias)$/, ".layer_norm_$1.$2")
      .replace(/\.attn\.proj\./, ".attention.output.dense.")
      .replace(/\.attn\.q\./, ".attention.self.query.")
      .replace(/\.attn\.sr\./, ".attention.self.sr.")
      .replace(/\.mlp\.fc([12])\./, ".mlp.dense$1.")
      .replace(/^decoder\.linear_c(\d)/, (_, i: string) => `decode_head.linear_c.${stage(i)}`)
      .replace(/^decoder\.linear_fuse\.conv\./, "decode_head.linear_fuse.")
      .replace(/^decoder\.linear_fuse\.bn\./, "decode_head.batch_norm.")
      .replace(/^decoder\.linear_pred\./, "decode_head.classifier."); // prettier-ignore
    if (!/\.attn\.kv\./.test(renamed)) return [stored(renamed, shape)];
    const half = [shape[0]! / 2, ...shape.slice(1)];
    return ["key", "value"].map((part) =>
      stored(renamed.replace(".attn.kv.", `.attention.self.${part}.`), half),
    );
  });
}

/** Renames an encoder as timm's PVTv2 calls it. */
function asTimm(shapes: Shapes): StoredTensor[] {
  return all(encoderOf(shapes), (name) =>
    name
      .replace(/^encoder\.patch_embed1/, "patch_embed")
      .replace(/^encoder\.patch_embed(\d)/, (_, i: string) => `stages.${Number(i) - 1}.downsample`)
      .replace(/^encoder\.block(\d)\./, (_, i: string) => `stages.${Number(i) - 1}.blocks.`)
      .replace(/^encoder\.norm(\d)/, (_, i: string) => `stages.${Number(i) - 1}.norm`)
      .replace("dwconv.dwconv", "dwconv"),
  );
}

/** Renames an encoder as mmsegmentation calls it, and stacks queries, keys and values. */
function asMmsegmentation(shapes: Shapes): StoredTensor[] {
  return Object.entries(encoderOf(shapes)).flatMap(([name, shape]) => {
    if (/\.attn\.q\./.test(name)) return [];
    const renamed = name
      .replace(/^encoder\.patch_embed(\d)\.proj/, (_, i: string) => `backbone.layers.${Number(i) - 1}.0.projection`)
      .replace(/^encoder\.patch_embed(\d)/, (_, i: string) => `backbone.layers.${Number(i) - 1}.0`)
      .replace(/^encoder\.block(\d)\./, (_, i: string) => `backbone.layers.${Number(i) - 1}.1.`)
      .replace(/^encoder\.norm(\d)/, (_, i: string) => `backbone.layers.${Number(i) - 1}.2`)
      .replace("attn.proj.", "attn.attn.out_proj.")
      .replace("attn.kv.", "attn.attn.in_proj_")
      .replace("mlp.fc1", "ffn.layers.0")
      .replace("mlp.dwconv.dwconv", "ffn.layers.1")
      .replace("mlp.fc2", "ffn.layers.4"); // prettier-ignore
    if (/in_proj/.test(renamed)) return [stored(renamed, [(shape[0]! / 2) * 3, ...shape.slice(1)])];
    return [stored(renamed, /fc\d\.weight/.test(name) ? [...shape, 1, 1] : shape)];
  });
}

const shapesOf = (backbone: BackboneName): Shapes =>
  Object.fromEntries(new Afa({ backbone, classes: 20 }).parameters.map((p) => [p.name, [...p.shape]])); // prettier-ignore

describe.each([...backboneNames, "pvt_v2_b0", "pvt_v2_b1", "pvt_v2_b4", "pvt_v2_b5"] as const)(
  "the encoder of %s",
  (backbone) => {
    const shapes = shapesOf(backbone);
    test.each([
      ["timm", asTimm],
      ["mmsegmentation", asMmsegmentation],
    ] as const)("under the names of %s is whole and recognized", (naming, rename) => {
      const tensors = rename(shapes);
      tensors.push(stored("decode_head.convs.0.conv.weight", [256, 64, 1, 1]));
      const match = matched(tensors, backbone);
      expect(match.used).toHaveLength(Object.keys(encoderOf(shapes)).length);
      expect([match.misfits, match.naming]).toEqual([[], naming]);
      const names = naming === "timm" ? match.extra : match.dropped.map(({ name }) => name);
      expect(names).toHaveLength(1);
      const twins = ["mit_b5", "pvt_v2_b5"];
      const { backbone: recognized } = recognize(match.tensors, naming);
      if (!twins.includes(backbone)) expect(recognized).toBe(backbone);
      else expect(recognized).toBe(naming === "timm" ? "pvt_v2_b5" : "mit_b5");
    });
  },
);

test("stacked queries, keys and values are parted, the queries first", async () => {
  const attn = "layers.0.1.0.attn.attn.in_proj_bias";
  const tensors = [
    stored("layers.0.0.projection.weight", [16, 3, 7, 7]),
    stored(attn, [6], Float32Array.of(1, 2, 3, 4, 5, 6)),
  ];
  const { tensors: named } = nameAsPublished(tensors, "x");
  const valuesOf = async (name: string) => (await readTensor(named.get(name)!)).data;
  expect(await valuesOf("encoder.block1.0.attn.q.bias")).toEqual(Float32Array.of(1, 2));
  expect(await valuesOf("encoder.block1.0.attn.kv.bias")).toEqual(Float32Array.of(3, 4, 5, 6));
});

function encoderOf(shapes: Shapes): Shapes {
  return Object.fromEntries(Object.entries(shapes).filter(([name]) => name.startsWith("encoder.")));
}

function matched(tensors: StoredTensor[], backbone: BackboneName) {
  const named = nameAsPublished(tensors, "x");
  const { parameters } = new Afa({ backbone, classes: 20 });
  return { ...matchWeights(named.tensors, parameters), ...named };
}

describe.each(backboneNames)("%s", (backbone) => {
  const shapes = published[backbone];

  test.each(["", "module.", "model.", "module.network."])(
    "is recognized whole under the prefix '%s'",
    (prefix) => {
      const tensors = all(shapes, (name) => prefix + name);
      const { used, missing, misfits, extra, naming } = matched(tensors, backbone);
      expect(used).toHaveLength(tensors.length);
      expect([missing, misfits, extra, naming]).toEqual([[], [], [], "AFA"]);
      expect(recognize(nameAsPublished(tensors, "x").tensors)).toMatchObject({
        ...{ backbone, classes: 20, decoderWidth: 256 },
        parts: ["encoder", "decoder", "classifier", "affinity"],
      });
    },
  );

  test.each(["", "backbone.", "encoder.", "module.backbone.", "segformer.encoder."])(
    "gives its encoder under the prefix '%s', without the ImageNet head",
    (prefix) => {
      const encoder = encoderOf(shapes);
      const tensors = all(encoder, (name) => name.replace(/^encoder\./, prefix));
      tensors.push(stored(`${prefix}head.weight`, [1000, 512]), stored("head.bias", [1000]));
      const { used, extra, dropped, missing } = matched(tensors, backbone);
      expect(used).toHaveLength(Object.keys(encoder).length);
      expect(extra).toEqual([]);
      expect(dropped.map(({ name }) => name)).toEqual([`${prefix}head.weight`, "head.bias"]);
      expect(missing.every(({ name }) => !name.startsWith("encoder."))).toBe(true);
    },
  );

  test("has the same names and shapes when it comes from Hugging Face", () => {
    const tensors = asHuggingFace(shapes);
    expect(tensors.some(({ name }) => name.includes("attn."))).toBe(false);
    const { used, missing, misfits, extra, naming } = matched(tensors, backbone);
    expect(used).toHaveLength(Object.keys(shapes).length);
    expect([missing, misfits, extra, naming]).toEqual([[], [], [], "Hugging Face"]);
  });

  test("takes the decoder of SegFormer's own files", () => {
    const tensors = all(shapes, (name) =>
      name.replace(/^encoder\./, "backbone.").replace(/^decoder\./, "decode_head."),
    );
    tensors.push(stored("decode_head.conv_seg.weight", [21, 128, 1, 1]));
    const { used, extra, dropped } = matched(tensors, backbone);
    expect(used).toHaveLength(Object.keys(shapes).length);
    expect([extra, dropped.length]).toEqual([[], 1]);
  });
});

test("keys come before values where they are joined", async () => {
  const part = (name: string, ...data: number[]) =>
    stored(`segformer.encoder.block.0.0.attention.self.${name}`, [2], Float32Array.from(data));
  const first = stored("segformer.encoder.patch_embeddings.0.proj.weight", [16, 3, 7, 7]);
  const tensors = [first, part("value.bias", 3, 4), part("key.bias", 1, 2)];
  const kv = nameAsPublished(tensors, "x").tensors.get("encoder.block1.0.attn.kv.bias")!;
  expect(kv.shape).toEqual([4]);
  expect((await readTensor(kv)).data).toEqual(Float32Array.of(1, 2, 3, 4));
});

test("what is missing, extra or of another shape is named with both shapes", () => {
  const shapes: Shapes = { ...published.mit_b0, "classifier.weight": [21, 256, 1, 1], queue: [3] };
  delete shapes["attn_proj.bias"];
  const { missing, misfits, extra } = matched(all(shapes), "mit_b0");
  expect(missing.map(({ name, shape }) => [name, shape])).toEqual([["attn_proj.bias", [1]]]);
  expect(misfits).toEqual([
    {
      name: "classifier.weight",
      found: "float32 [21,256,1,1]",
      needed: "float32 [20,256,1,1]",
    },
  ]);
  expect(extra).toEqual(["queue"]);
});

test("two tensors of one name are refused, and other networks are not recognized", () => {
  const clash = [stored("encoder.patch_embed1.proj.weight", [1]), stored("encoder.patch_embeddings.0.proj.weight", [1])]; // prettier-ignore
  expect(() => nameAsPublished(clash, "x.pth")).toThrow(
    /x\.pth: its tensors .+ and .+ both stand for/,
  );
  const file = { name: "x", format: "safetensors", size: 0, metadata: {}, notes: [] };
  const resnet = understandWeights({ ...file, tensors: [stored("conv1.weight", [64, 3, 7, 7])] });
  expect([resnet.match, resnet.naming, resnet.architecture.parts]).toEqual([undefined, undefined, []]); // prettier-ignore
});
