import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../../src/method/config.ts";
import { ExportedForward, ForwardPass } from "../../../src/method/inference/forward.ts";
import {
  type EncodedModel,
  type NdArray,
  add,
  input,
  writeModel,
} from "../../../src/engine/graph/index.ts";
import { Afa } from "../../../src/method/model/index.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { Random } from "../../../src/engine/random.ts";
import { exportOnnx } from "../../../src/files/export/onnx.ts";
import { segformerConfig, segformerProcessor } from "../../../src/files/export/transformers-js.ts";
import { readGolden } from "../../golden.ts";
import { readModel } from "../../engine/graph/onnx-reader.ts";
import { asArrays, worstError } from "../../network.ts";

const classes = ["cat", "dog", "bird", "Straße", "__proto__"];
const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
const parameters = asArrays(readGolden("model"));
const config = parseConfig({ set: { "model.backbone": "mit_tiny", "model.decoderWidth": 32 } });
const options = { parameters, config, classes, step: 7, version: "1.2.3" };
const runtime = nodeRuntime();
const native = new ForwardPass(runtime, network, parameters, ["clsLogits", "segLogits"]);
const folder = mkdtempSync(join(tmpdir(), "onnx-export-"));
const one = join(folder, "one.onnx");
const two = join(folder, "two.onnx");
let alone: EncodedModel;
let split: EncodedModel;

beforeAll(() => {
  alone = exportOnnx(network, options);
  split = exportOnnx(network, { ...options, externalData: "two.onnx_data" });
  writeFileSync(one, Buffer.concat(alone.model));
  writeFileSync(two, Buffer.concat(split.model));
  writeFileSync(`${two}_data`, Buffer.concat(split.externalData));
});
afterAll(async () => {
  await native.release();
  rmSync(folder, { recursive: true, force: true });
});

function images(n: number, height: number, width: number): NdArray {
  const random = Random.at(n, height, width);
  const data = Float32Array.from({ length: n * 3 * height * width }, () => random.normal());
  return { dtype: "float32", shape: [n, 3, height, width], data };
}

test.each([["one.onnx"], ["two.onnx"]])(
  "%s gives the network's logits and labels for batches of any number and size",
  async (name) => {
    const exported = new ExportedForward(runtime, join(folder, name), name, 5);
    const sizes = [
      [1, 64, 96],
      [2, 75, 101],
      [1, 33, 127],
      [3, 32, 32],
      [2, 101, 75],
    ] as const;
    for (const [n, h, w] of sizes) {
      const batch = images(n, h, w);
      const [expected, actual] = [await native.run(batch), await exported.run(batch)];
      expect(actual.segLogits.shape).toEqual([n, 6, Math.ceil(h / 4), Math.ceil(w / 4)]);
      expect(actual.clsLogits.shape).toEqual([n, 5]);
      expect(worstError(actual.segLogits.data, expected.segLogits.data)).toBeLessThan(1e-5);
      expect(worstError(actual.clsLogits.data, expected.clsLogits.data)).toBeLessThan(1e-5);
      expect(labels(actual.segLogits)).toEqual(labels(expected.segLogits));
    }
    await exported.release();
  },
);

test("the golden forward pass comes out of the exported file", async () => {
  const exported = new ExportedForward(runtime, Buffer.concat(alone.model), "bytes", 5);
  const golden = readGolden("forward_75x101");
  const { segLogits, clsLogits } = await exported.run(asArrays(golden)["input"]!);
  expect(worstError(segLogits.data, golden["seg_logits"]!.data)).toBeLessThan(1e-5);
  expect(worstError(clsLogits.data, golden["cls_logits"]!.data)).toBeLessThan(1e-5);
  await exported.release();
});

test("the model has one input, only operators of the ONNX standard, and says what it is", () => {
  const model = readModel(Buffer.concat(alone.model));
  expect(model.inputs).toEqual(["pixel_values"]);
  expect(model.outputs).toEqual(["logits", "tag_logits"]);
  expect(model.opsets).toEqual({ "": 17 });
  expect(model.nodes.filter(({ domain }) => domain !== "")).toEqual([]);
  expect(model.initializers).toContain("encoder.block1.0.attn.q.weight");
  expect(model.initializers).not.toContain("attn_proj.weight");
  expect(model.metadata).toMatchObject({ tag2mask: "1.2.3", backbone: "mit_tiny", step: "7" });
  expect(JSON.parse(model.metadata["classes"]!)).toEqual(classes);
  expect(JSON.parse(model.metadata["config"]!)).toEqual(config);
  expect(JSON.parse(model.metadata["preprocessing"]!)).toEqual({
    longSide: 512,
    rescale: 1 / 255,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  });
});

test("large tensors go into the second file, each at the beginning of a page", () => {
  const bytes = ({ model }: EncodedModel): number => model.reduce((n, p) => n + p.length, 0);
  expect(alone.externalData).toEqual([]);
  expect(bytes(split)).toBeLessThan(bytes(alone) / 10);
  const starts: number[] = [];
  split.externalData.reduce((at, { length }, i) => {
    if (i % 2 === 0) starts.push(at);
    return at + length;
  }, 0);
  expect(starts.length).toBeGreaterThan(50);
  expect(starts.every((at) => at % 4096 === 0)).toBe(true);
});

test("a model that is not what its metadata says is refused", async () => {
  const run = (model: Uint8Array | string, name: string, count: number) =>
    new ExportedForward(runtime, model, name, count).check();
  await expect(run(one, "one.onnx", 4)).rejects.toThrow(
    "one.onnx: it predicts 6 labels and 5 tags, but its metadata names 4 classes",
  );
  const pixels = input("pixel_values", [1, 3, 32, 32]);
  const other = writeModel({ logits: add(pixels, 1) });
  await expect(run(other, "other.onnx", 2)).rejects.toThrow(
    /^other\.onnx: the model cannot be run: .*tag_logits/,
  );
  await expect(run(writeModel({ y: add(input("x", [2]), 1) }), "x.onnx", 2)).rejects.toThrow(
    "x.onnx: expected the input pixel_values, found x",
  );
  await expect(run(Uint8Array.of(1, 2, 3), "bad.onnx", 5)).rejects.toThrow(
    /^bad\.onnx: the model cannot be loaded: /,
  );
});

test("config.json and preprocessor_config.json are those of a SegFormer with background as label 0", () => {
  const written = segformerConfig({ network, config, classes }, false);
  expect(JSON.parse(JSON.stringify(written))).toMatchObject({
    architectures: ["SegformerForSemanticSegmentation"],
    model_type: "segformer",
    hidden_sizes: [16, 32, 40, 64],
    depths: [1, 1, 2, 2],
    strides: [4, 2, 2, 1],
    decoder_hidden_size: 32,
    num_labels: 6,
    id2label: { 0: "background", 1: "cat", 4: "Straße", 5: "__proto__" },
    "transformers.js_config": { dtype: "fp32" },
  });
  const ids = Object.entries(written["label2id"] as object);
  expect(ids).toEqual(["background", ...classes].map((name, label) => [name, label]));
  expect(segformerConfig({ network, config, classes }, true)["transformers.js_config"]).toEqual({
    dtype: "fp32",
    use_external_data_format: { "model.onnx": true },
  });
  expect(segformerProcessor(config)).toMatchObject({
    image_processor_type: "SegformerImageProcessor",
    size: 512,
    image_mean: [0.485, 0.456, 0.406],
    image_std: [0.229, 0.224, 0.225],
    rescale_factor: 1 / 255,
  });
});

/** The highest of [n, labels, h, w] at every pixel. */
function labels({ shape, data }: NdArray): number[] {
  const [n, count, h, w] = shape as [number, number, number, number];
  return Array.from({ length: n * h * w }, (_, p) => {
    const at = Math.floor(p / (h * w)) * count * h * w + (p % (h * w));
    const scores = Array.from({ length: count }, (_, k) => data[at + k * h * w] as number);
    return scores.indexOf(Math.max(...scores));
  });
}
