import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { Output } from "../../src/cli/output.ts";
import { weightsCommand } from "../../src/cli/weights.ts";
import { readImage } from "../../src/host/node/images/codec.ts";
import { openModel } from "../../src/jobs/open-model.ts";
import { openSegmenter } from "../../src/jobs/open-segmenter.ts";
import { decodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { worstError } from "../network.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const golden = join(import.meta.dirname, "../golden");
const checkpoint = (name: string): string => join(golden, "checkpoints", name);

/** Runs the command and gives what it prints. */
async function weights(...args: string[]): Promise<string> {
  let stdout = "";
  const stream = { write: (text: string) => (stdout += text) };
  const terminal = { stdout: stream, stderr: stream, color: false, now: () => 0 };
  const command = weightsCommand(({ json = false }) => new Output(terminal, json, "x"));
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: "user" });
  return stdout;
}

test("lists tensors, the network they make, and what is missing and ignored", async () => {
  const text = await weights(checkpoint("mit_imagenet.pth"));
  expect(text).toMatch(
    /mit_imagenet\.pth: PyTorch \(zip\), 1\.3 MB, 138 tensors of 318,864 values/,
  );
  expect(text).toMatch(/^patch_embed1\.proj\.weight +float32 +\[16, 3, 7, 7\] +9\.4 kB$/m);
  expect(text).toMatch(/^network: mit_tiny$/m);
  expect(text).toMatch(/^used: 136 of 155 tensors$/m);
  expect(text).toMatch(/^ {2}attn_proj\.weight, float32 \[1,16,1,1\]$/m);
  expect(text).toMatch(/^ignored: head\.weight, head\.bias: classifies .* 1000 classes$/m);
  expect(await weights(checkpoint("odd_tensors.pth"))).toMatch(/^network: not recognized$/m);
});

test("--json gives the same to programs, as one line", async () => {
  const line = await weights(checkpoint("afa_legacy.pth"), "--json");
  expect(line.trim().split("\n")).toHaveLength(1);
  const record = JSON.parse(line) as Record<string, unknown>;
  expect(record).toMatchObject({
    format: "PyTorch (legacy)",
    naming: "AFA",
    architecture: { backbone: "mit_tiny", decoderWidth: 32, classes: 5 },
    missing: [],
    misfits: [],
    extra: [],
  });
  expect((record["tensors"] as unknown[])[0]).toEqual({
    name: "encoder.patch_embed1.proj.weight",
    type: "float32",
    shape: [16, 3, 7, 7],
    bytes: 9408,
  });
});

test("--out with --classes makes a model that segments; half precision stays half the size", async () => {
  const out = join(folder, "half.safetensors");
  const names = join(folder, "names.txt");
  writeFileSync(names, "cat\r\ndog\r\n\r\nhorse\r\ncow\r\nsheep\r\n");
  await weights(checkpoint("afa_float16.pth"), "--out", out, "--classes", names);
  const file = readFileSync(out);
  expect(file.length).toBeLessThan(263_616 * 2 + 20_000);
  const truth = decodeSafetensors(new Uint8Array(readFileSync(join(golden, "model.safetensors"))));
  const { tensors } = decodeSafetensors(new Uint8Array(file));
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(truth.tensors).sort());
  for (const [name, { data }] of Object.entries(tensors)) {
    expect(worstError(data, truth.tensors[name]!.data), name).toBeLessThan(1e-3);
  }
  const model = await openModel(nodeHost.store, out);
  expect(model.classes).toEqual(["cat", "dog", "horse", "cow", "sheep"]);
  const scenes = await fewScenes(join(folder, "scenes"));
  const image = await readImage(join(scenes, "images", "scene-0001.png"));
  const segmenter = await openSegmenter(nodeHost, model, { device: "cpu" });
  expect((await segmenter.segment(image)).data).toHaveLength(image.width * image.height);
  await segmenter.release();
});

test("--out without classes makes first weights, and of anything else a plain copy", async () => {
  const out = join(folder, "encoder.safetensors");
  expect(await weights(checkpoint("mit_huggingface.safetensors"), "--out", out)).toMatch(
    /136 tensors, weights to begin with: .*train --weights .*\nnot written: classifier\.weight, classifier\.bias$/m,
  );
  const { tensors, metadata } = decodeSafetensors(new Uint8Array(readFileSync(out)));
  expect(Object.keys(tensors)).toContain("encoder.block1.0.attn.kv.weight");
  expect({ ...metadata }).toEqual({ format: "pt" });

  await expect(weights(checkpoint("odd_tensors.pth"), "--out", out)).rejects.toThrow(
    /already exists$/,
  );
  await weights(checkpoint("odd_tensors.pth"), "--out", out, "--overwrite");
  const odd = decodeSafetensors(new Uint8Array(readFileSync(out))).tensors;
  expect([...odd["transposed"]!.shape]).toEqual([6, 4]);
  expect([...odd["i64"]!.data]).toEqual([1n, 2n, 2n ** 40n]);
});

test("mistakes are told", async () => {
  const out = join(folder, "x.safetensors");
  const five = checkpoint("afa_nested.pth");
  const give = (...args: string[]) => expect(weights(...args)).rejects;
  await give(five, "--classes", "a,b").toThrow(/give --out <file> too/);
  await give(five, "--out", out, "--classes", "a,b").toThrow(
    /has 5 classes, but 2 names are given/,
  );
  await give(five, "--out", out, "--classes", "a,a,b,c,d").toThrow(/classes 1 and 2 are both "a"/);
  await give(five, "--out", out, "--classes", "none.txt").toThrow(/none\.txt: cannot be read/);
  await give(five, "--out", join(folder, "x.pth")).toThrow(/are written as safetensors/);
  await give(checkpoint("mit_imagenet.pth"), "--out", out, "--classes", "a").toThrow(
    /is not a complete network \(it has encoder\)/,
  );
  await give(join(folder, "none.pth")).toThrow(/none\.pth: no such model: no such file/);
});

test("train takes published weights, says what it made of them, and starts heads anew when asked", async () => {
  const data = await fewScenes(join(folder, "more"));
  const run = join(folder, "run");
  const given = ["--data", data, "--steps", "1", ...tiny, "--set", "model.decoderWidth=32"];
  const from = ["--weights", checkpoint("afa_nested.pth")];
  const refused = await tag2mask("train", ...given, ...from, "--out", run);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/--reset-heads/)]);
  const asked = await tag2mask("train", ...given, ...from, "--reset-heads", "--out", run);
  // A run that had no time for a checkpoint begins the same way again.
  rmSync(join(run, "weights"), { recursive: true });
  mkdirSync(join(run, "weights"));
  const resumed = await tag2mask("train", "--resume", run, "--device", "cpu");
  for (const { code, stderr } of [asked, resumed]) {
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(/has 152 of the 155 tensors of mit_tiny/),
    ]);
    expect(stderr).toMatch(
      /reinitialized on request: decoder\.linear_pred\.weight, .*classifier\.weight/,
    );
  }
});
