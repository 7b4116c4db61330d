import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMask } from "../src/host/node/images/codec.ts";
import { decodeSafetensors } from "../src/files/weights/safetensors.ts";
import { tag2mask } from "./cli/terminal.ts";

// Files that 0.1.0 wrote, and what it computed from them: fixtures/0.1.0/README.md.
const folder = mkdtempSync(join(tmpdir(), "tag2mask-0.1.0-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => join(folder, ...parts);
const cpu = ["--device", "cpu"];
const plain = ["--no-overlays", "--no-sheet"];
const images = [at("data/images/scene-0011.png"), at("data/images/scene-0012.png")];

beforeAll(() => {
  cpSync(join(import.meta.dirname, "fixtures/0.1.0"), folder, { recursive: true });
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".gz")) continue;
    writeFileSync(at(path.slice(0, -3)), gunzipSync(readFileSync(at(path))));
  }
});

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tag2mask(...args);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return stdout;
}

function lines(text: string): Record<string, unknown>[] {
  const all = text.trimEnd().split("\n");
  return all.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Share of pixels that have the same label in the masks of two folders. */
async function agreement(found: string, expected: string): Promise<number> {
  const names = readdirSync(join(expected, "masks"));
  expect(readdirSync(join(found, "masks"))).toEqual(names);
  let same = 0;
  let count = 0;
  for (const name of names) {
    const a = await readMask(join(found, "masks", name));
    const b = await readMask(join(expected, "masks", name));
    expect([a.width, a.height]).toEqual([b.width, b.height]);
    same += b.data.reduce((sum, label, i) => sum + Number(label === a.data[i]), 0);
    count += b.data.length;
  }
  expect(count).toBe(2 * 64 * 64);
  return same / count;
}

/** Other processors round otherwise, which may move a few pixels of 8,192 across a border. */
const fewPixels = 0.998;

describe("files of 0.1.0", () => {
  test("its run labels tagged images as it did", async () => {
    const out = at("labeled");
    await succeed(
      ...["label", "--model", at("run"), "--data", at("data"), "--split", "val"],
      ...["--from", "affinity"],
      ...["--out", out, ...plain, ...cpu],
    );
    expect(await agreement(out, at("masks/voc"))).toBeGreaterThan(fewPixels);
  });

  test.each([
    ["its run", "run", "segment", []],
    ["its run at two scales, flipped", "run", "segment-scales", ["--flip", "--scales", "0.5,1"]],
    ["its exported model", "scenes.onnx", "segment-onnx", []],
    ["its folder for transformers.js", "transformersjs/onnx/model.onnx", "segment", []],
  ])("%s segments as it did", async (_, model, expected, options) => {
    const out = at(`segmented-${basename(model)}-${expected}`);
    await succeed(
      ...["segment", "--model", at(model), "--out", out, ...images],
      ...[...options, ...plain, ...cpu],
    );
    expect(await agreement(out, at("expected", expected))).toBeGreaterThan(fewPixels);
  });

  test("its run has the scores it had", async () => {
    const stdout = await succeed(
      ...["eval", "--model", at("run"), "--data", at("data"), ...cpu, "--json"],
    );
    const [found] = lines(stdout);
    const [expected] = lines(readFileSync(at("expected/eval.json"), "utf8"));
    const scores = expected!["metrics"] as Record<string, number>;
    expect(Object.keys(found!["metrics"] as object)).toEqual(Object.keys(scores));
    for (const [name, score] of Object.entries(found!["metrics"] as Record<string, number>)) {
      expect(Math.abs(score - scores[name]!), name).toBeLessThan(0.002);
    }
  });

  test.each(["onnx", "transformersjs"])("its run exports as %s", async (format) => {
    const out = at(format === "onnx" ? "again.onnx" : "again");
    await succeed("export", "--model", at("run"), "--format", format, "--out", out);
    const model = format === "onnx" ? out : join(out, "onnx/model.onnx");
    const masks = at(`segmented-again-${format}`);
    await succeed("segment", "--model", model, "--out", masks, ...images, ...plain, ...cpu);
    expect(await agreement(masks, at("expected/segment"))).toBeGreaterThan(fewPixels);
  });

  test.each(["voc", "coco", "labelstudio", "cvat", "ultralytics"])(
    "its masks as %s convert without loss",
    async (format) => {
      const out = at(`converted-${format}`);
      await succeed("convert", at("masks", format), "--to", "voc", "--out", out);
      expect(await agreement(out, at("masks/voc"))).toBe(1);
    },
  );

  test("its outlines as yolo convert within half a pixel", async () => {
    const out = at("converted-yolo");
    await succeed("convert", at("masks/yolo"), "--to", "voc", "--out", out);
    expect(await agreement(out, at("masks/voc"))).toBeGreaterThan(0.99);
  });

  test("its stopped run goes on to the losses and weights it would have had", async () => {
    cpSync(at("run"), at("resumed"), { recursive: true });
    const stdout = await succeed(
      "train",
      "--resume",
      at("resumed"),
      "--data",
      at("data"),
      "--json",
    );
    const expected = lines(readFileSync(at("expected/resumed.jsonl"), "utf8"));
    const stepsOf = (events: Record<string, unknown>[]) =>
      events.filter(({ type }) => type === "step");
    const steps = stepsOf(lines(stdout));
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 14 }, (_, i) => 141 + i));
    for (const [i, { losses, phase }] of stepsOf(expected).entries()) {
      expect(steps[i]!["phase"]).toBe(phase);
      const found = steps[i]!["losses"] as Record<string, number | null>;
      for (const [name, loss] of Object.entries(losses as Record<string, number | null>)) {
        if (loss === null) expect(found[name]).toBeNull();
        else expect(Math.abs(found[name]! - loss), name).toBeLessThanOrEqual(1e-4 * Math.abs(loss));
      }
    }
    // The distance to the expected weights against the way from the checkpoint to them.
    const [start, end, found] = [
      "run/weights/last",
      "expected/resumed",
      "resumed/weights/last",
    ].map((path) => {
      const file = at(`${path}.safetensors`);
      return decodeSafetensors(readFileSync(file), file).tensors;
    });
    let way = 0;
    let distance = 0;
    for (const [name, { data }] of Object.entries(end!)) {
      data.forEach((value: number | bigint, i: number) => {
        way += (Number(value) - Number(start![name]!.data[i])) ** 2;
        distance += (Number(value) - Number(found![name]!.data[i])) ** 2;
      });
    }
    expect(way).toBeGreaterThan(0);
    expect(Math.sqrt(distance / way)).toBeLessThan(0.01);
  });
});
