import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { ForwardPass, type ForwardResult } from "../../../src/method/inference/forward.ts";
import { Afa, imageInput } from "../../../src/method/model/index.ts";
import { parseConfig } from "../../../src/method/config.ts";
import { readFirstWeights } from "../../../src/jobs/first-weights.ts";
import { withWeights } from "../../../src/jobs/with-weights.ts";
import { nodeRuntime } from "../../../src/host/node/ort/runtime.ts";
import { matchWeights, readMatched } from "../../../src/files/weights/match.ts";
import { understandWeights } from "../../../src/files/weights/understand.ts";
import { decodeSafetensors } from "../../../src/files/weights/safetensors.ts";
import { readTensor } from "../../../src/files/weights/weights-file.ts";
import { readGolden } from "../../golden.ts";
import { asArrays, channelsLast, evaluate, worstError } from "../../network.ts";

const folder = join(import.meta.dirname, "../../golden/checkpoints");
const outputs = { clsLogits: "cls_logits", segLogits: "seg_logits", affinity: "affinity", cam: "cam" }; // prettier-ignore
const tiny = { "model.backbone": "mit_tiny", "model.decoderWidth": 32 };

test.each([
  ["afa_module_prefix.pth", 1e-5],
  ["afa_legacy.pth", 1e-5],
  ["afa_nested.pth", 1e-5],
  ["afa_float16.pth", 1e-2],
])("%s, loaded and run, gives golden forward_64x96", async (name, tolerance) => {
  const golden = readGolden("forward_64x96");
  const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
  const parameters = await withWeights(nodeHost.store, join(folder, name), async (file) => {
    const match = matchWeights(understandWeights(file).tensors, network.parameters);
    expect([match.missing, match.misfits, match.extra]).toEqual([[], [], []]);
    return readMatched(match);
  });
  const pass = new ForwardPass(nodeRuntime(), network, parameters);
  const result = await pass.run(asArrays(golden)["input"]!);
  for (const [ours, theirs] of Object.entries(outputs)) {
    const { data } = result[ours as keyof ForwardResult];
    expect(worstError(data, golden[theirs]!.data), ours).toBeLessThan(tolerance);
  }
  await pass.release();
});

describe.each(["mit_imagenet.pth", "mit_huggingface.safetensors"])("%s", (name) => {
  const file = join(folder, name);

  test("gives an encoder's golden features, and the heads begin anew", async () => {
    const config = parseConfig({ set: tiny });
    const { initial, notes } = await readFirstWeights(nodeHost.store, file, config, [
      "a",
      "b",
      "c",
      "d",
      "e",
    ]);
    expect(Object.keys(initial)).toHaveLength(136);
    expect(notes.join("\n")).toMatch(/has 136 of the 155 tensors of mit_tiny/);
    expect(notes.join("\n")).toMatch(/initialized at random: decoder\.linear_c4.* and 13 more/);
    expect(notes.join("\n")).toMatch(/ignored (\w+)\.weight, \1\.bias: .*1000 classes/);

    const golden = readGolden("forward_64x96");
    const network = new Afa({ backbone: "mit_tiny", classes: 5, decoderWidth: 32 });
    const image = channelsLast(golden["input"]!);
    const [n, h, w] = image.shape as [number, number, number];
    const { features } = network.forward(imageInput([n, h, w]));
    const graph = Object.fromEntries(features.map((x, i) => [`features.${i + 1}`, x]));
    const results = await evaluate(graph, { image, ...initial });
    for (const [key, { data }] of Object.entries(results)) {
      expect(worstError(data, golden[key]!.data), key).toBeLessThan(1e-5);
    }
  });

  test("holds the golden model's encoder to the last bit", async () => {
    const path = join(folder, "../model.safetensors");
    const { tensors } = decodeSafetensors(new Uint8Array(readFileSync(path)));
    await withWeights(nodeHost.store, file, async (weights) => {
      for (const tensor of understandWeights(weights).tensors.values()) {
        expect(tensor.name).toMatch(/^encoder\./);
        const { shape, data } = await readTensor(tensor);
        expect([shape, data], tensor.name).toEqual([tensors[tensor.name]!.shape, tensors[tensor.name]!.data]); // prettier-ignore
      }
    });
  });
});
