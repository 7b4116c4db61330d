import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { parseConfig } from "../../src/method/config.ts";
import type { NdArray } from "../../src/engine/graph/index.ts";
import { Afa } from "../../src/method/model/index.ts";
import { openModel } from "../../src/jobs/open-model.ts";
import { readFirstWeights } from "../../src/jobs/first-weights.ts";
import { UserError } from "../../src/user-error.ts";
import { encodeSafetensors } from "../../src/files/weights/safetensors.ts";

const checkpoints = join(import.meta.dirname, "../golden/checkpoints");
const five = join(checkpoints, "afa_module_prefix.pth");
const config = parseConfig({ set: { "model.backbone": "mit_tiny", "model.decoderWidth": 32 } });
const letters = (count: number): string[] => Array.from({ length: count }, (_, i) => `class ${i}`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tag2mask-weights-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes the weights of a network as somebody else would have. */
function foreign(
  name: string,
  options: { classes: number; decoderWidth?: number },
  change: (tensors: Record<string, NdArray>) => Record<string, NdArray> = (tensors) => tensors,
  metadata = {},
): string {
  const path = join(folder, `${name}.safetensors`);
  const tensors = new Afa({ backbone: "mit_tiny", decoderWidth: 32, ...options }).initialize(1);
  writeFileSync(path, Buffer.concat(encodeSafetensors(change(tensors), metadata)));
  return path;
}

function renamed(from: RegExp, to: string) {
  return (tensors: Record<string, NdArray>): Record<string, NdArray> =>
    Object.fromEntries(Object.entries(tensors).map(([key, value]) => [key.replace(from, to), value])); // prettier-ignore
}

describe("first weights", () => {
  test("of the same classes are all taken", async () => {
    const { initial, notes } = await readFirstWeights(nodeHost.store, five, config, letters(5));
    expect(Object.keys(initial)).toHaveLength(155);
    expect(notes).toEqual([`${five}: PyTorch (zip), has 155 of the 155 tensors of mit_tiny`]);
  });

  test("of other classes are refused with both shapes, unless the heads are to begin anew", async () => {
    await expect(readFirstWeights(nodeHost.store, five, config, letters(7))).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /linear_pred\.weight is float32 \[6,32,1,1\], but mit_tiny with 7 classes needs float32 \[8,32,1,1\].*classifier.*; reinitialize the layers/,
        ) as string,
        remedies: [{ kind: "option", name: "resetHeads" }],
      }),
    );
    const reset = { resetHeads: true };
    const { initial, notes } = await readFirstWeights(
      nodeHost.store,
      five,
      config,
      letters(7),
      reset,
    );
    const heads = ["decoder.linear_pred.weight", "decoder.linear_pred.bias", "classifier.weight"];
    expect(Object.keys(initial)).toHaveLength(152);
    for (const name of heads) expect(initial[name]).toBeUndefined();
    expect(notes).toContain(`${five}: reinitialized on request: ${heads.join(", ")}`);
  });

  test("of other classes of the same number are taken with a warning", async () => {
    const classes = { classes: JSON.stringify(["cat", "dog"]) };
    const file = foreign("pets", { classes: 2 }, undefined, classes);
    const { notes } = await readFirstWeights(nodeHost.store, file, config, ["cup", "pan"]);
    expect(notes[0]).toMatch(
      /was trained on the classes cat, dog, but the data has cup, pan; .* unless they are reset/,
    );
    expect(
      (await readFirstWeights(nodeHost.store, file, config, ["cat", "dog"])).notes,
    ).toHaveLength(1);
  });

  test("of another backbone are refused, saying which", async () => {
    await expect(readFirstWeights(nodeHost.store, five, parseConfig(), letters(5))).rejects.toThrow(
      expect.objectContaining({
        message: `${five}: is a mit_tiny, but the settings say mit_b1`,
        remedies: [
          { kind: "option", name: "backbone", value: "mit_tiny" },
          { kind: "option", name: "weights", instead: true },
        ],
      }),
    );
  });

  test("of another decoder: AFA's is a setting, another's is left aside", async () => {
    const wide = foreign("wide", { classes: 5, decoderWidth: 48 });
    await expect(readFirstWeights(nodeHost.store, wide, config, letters(5))).rejects.toThrow(
      expect.objectContaining({
        message: `${wide}: its decoder has 48 channels, but the settings say 32`,
        remedies: [{ kind: "setting", key: "model.decoderWidth", value: "48" }],
      }),
    );
    const prefixes = renamed(/^encoder\./, "backbone.");
    const decoders = renamed(/^decoder\./, "decode_head.");
    const segformer = foreign("segformer", { classes: 5, decoderWidth: 48 }, (t) => decoders(prefixes(t))); // prettier-ignore
    const { initial, notes } = await readFirstWeights(
      nodeHost.store,
      segformer,
      config,
      letters(5),
    );
    expect(Object.keys(initial).some((name) => name.startsWith("decoder."))).toBe(false);
    expect(Object.keys(initial)).toContain("encoder.norm4.weight");
    expect(notes.join()).toMatch(/its decoder is not used: it has 48 channels, .* say 32/);
  });

  test("of something else altogether are refused", async () => {
    await expect(readFirstWeights(nodeHost.store, join(checkpoints, "odd_tensors.pth"), config, letters(5))).rejects.toThrow(/none of its 6 tensors belongs to mit_tiny/); // prettier-ignore
    const cut = foreign("cut", { classes: 5 }, (t) => Object.fromEntries(Object.entries(t).filter(([name]) => !name.startsWith("encoder.block4.1.")))); // prettier-ignore
    await expect(readFirstWeights(nodeHost.store, cut, config, letters(5))).rejects.toThrow(/1,1,2,1 blocks and .* match no known backbone/); // prettier-ignore
  });
});

describe("a published checkpoint opens as a model", () => {
  test.each([
    [20, "aeroplane", "tvmonitor", 10],
    [80, "person", "toothbrush", 15],
  ])("of %i classes with the names and settings of its recipe", async (classes, first, last, rounds) => {
    const file = foreign(`of-${classes}`, { classes }, renamed(/^/, "module."));
    const model = await openModel(nodeHost.store, file);
    expect([model.classes[0], model.classes.at(-1)]).toEqual([first, last]);
    expect(model.config.model).toMatchObject({ backbone: "mit_tiny", decoderWidth: 32 });
    expect(model.config.pseudo.parIterations).toBe(rounds);
    expect(Object.keys(model.parameters)).toHaveLength(155);
  }); // prettier-ignore

  test("otherwise it is told how", async () => {
    await expect(openModel(nodeHost.store, five)).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/has 5 classes without names; list them/) as string,
        remedies: [
          {
            kind: "job",
            name: "weights",
            argument: five,
            options: { out: "named.safetensors", classes: "names.txt" },
          },
        ],
      }),
    );
    await expect(openModel(nodeHost.store, join(checkpoints, "mit_imagenet.pth"))).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /not a complete network: it lacks decoder\.linear_c4.*; train a network/,
        ) as string,
        remedies: [
          {
            kind: "job",
            name: "train",
            options: { weights: join(checkpoints, "mit_imagenet.pth") },
          },
        ],
      }),
    );
    await expect(openModel(nodeHost.store, join(checkpoints, "odd_tensors.pth"))).rejects.toThrow(
      /none of its 6 tensors belongs to a known encoder; give/,
    );
    const part = foreign("part", { classes: 20 }, ({ ["attn_proj.bias"]: _, ...rest }) => rest);
    await expect(openModel(nodeHost.store, part)).rejects.toThrow(
      /lacks attn_proj\.bias, which mit_tiny needs; give/,
    );
  });

  test("what a file says of itself is not believed blindly", async () => {
    const say = (name: string, metadata: Record<string, string>) =>
      foreign(name, { classes: 20 }, undefined, metadata);
    for (const [name, metadata, message] of [
      ["few", { classes: '["a"]' }, /linear_pred\.weight is float32 \[21,.* with 1 classes needs/],
      ["odd", { classes: '["a","background"]' }, /class 2 is "background"/],
      ["torn", { classes: "[" }, /the "classes" in its metadata is not JSON/],
      ["wrong", { config: '{"model":{"backbone":"mit_b9"}}' }, /model\.backbone/],
      ["huge", { config: '{"model":{"decoderWidth":1000000000}}' }, /needs float32|is float32/],
    ] as const) {
      const opening = openModel(nodeHost.store, say(name, metadata));
      await expect(opening, name).rejects.toThrow(message);
      await expect(opening, name).rejects.toThrow(UserError);
    }
  });
});
