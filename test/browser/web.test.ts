import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeCodec } from "../../src/host/node/images/codec.ts";
import { exportModel, generateScene, openModel, Segmenter } from "../../src/index.ts";
import { writeVocCheckpoint } from "../jobs/exported-model.ts";
import { missing } from "./launch.ts";
import { openSite, type WebPage, type WebSite } from "./open-web-site.ts";

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

describe.skipIf(missing !== null)("tag2mask/web in Chromium", () => {
  let site: WebSite;
  let page: WebPage;
  let folder: string;
  const scene = generateScene({ seed: 3, index: 0, size: 80 }).image;
  const ask: WebPage["ask"] = (...values) => page.ask(...values);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tag2mask-web-"));
    const [checkpoint, exported] = ["a.safetensors", "a.onnx"].map((name) => join(folder, name));
    writeVocCheckpoint(checkpoint!);
    await exportModel(await openModel(checkpoint!), { out: exported! });
    site = await openSite("worker.ts", {
      "/a.safetensors": readFileSync(checkpoint!),
      "/a.onnx": readFileSync(exported!),
      "/scene.png": await nodeCodec.encode(scene, "png"),
    });
    page = await site.open();
  }, 120_000);
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["/a.onnx", "model.onnx"],
    ["/a.safetensors", ""],
  ])("%s, named '%s', segments a PNG to Node's pixels", async (address, name) => {
    const segmenter = await Segmenter.open(join(folder, address), { device: "cpu" });
    const { data, ...expected } = await segmenter.segment(scene);
    await segmenter.release();
    const found = (await ask("segment", address, "/scene.png", name)) as Record<string, unknown>;
    expect(found["classes"]).toEqual(expected.classes);
    expect(new Set(data).size).toBeGreaterThan(1);
    expect(bytesOf(found["data"] as string)).toEqual(data);
  });

  test("a checkpoint is exported to a blob that segments alike, and nothing stays in memory", async () => {
    const segmenter = await Segmenter.open(join(folder, "a.onnx"), { device: "cpu" });
    const { data } = await segmenter.segment(scene);
    await segmenter.release();
    const found = (await ask("exported", "/a.safetensors", "/scene.png")) as {
      difference: number;
      data: string;
    };
    expect(found).toMatchObject({ names: ["model.onnx"], left: { folders: [], files: [] } });
    expect(found.difference).toBeLessThan(1e-4);
    expect(bytesOf(found.data)).toEqual(data);
  });

  test("a training on given files is the same with workers, and its run makes masks in a later visit", async () => {
    const first = (await ask("train", 0)) as { path: string; losses: number[] };
    expect(first.losses).toHaveLength(3);
    expect(((await ask("train", 1)) as typeof first).losses).toEqual(first.losses);
    await page.page.reload();
    await page.page.waitForFunction("'ask' in globalThis");
    const used = (await ask("use", first.path)) as {
      step: number;
      zip: string;
      events: string[];
    };
    expect(used.step).toBe(3);
    const files = unzipSync(bytesOf(used.zip));
    for (const name of ["0.png", "1.png", "2.png"]) {
      const path = Object.keys(files).find((file) => `/${file}`.endsWith(`/${name}`));
      expect(path, Object.keys(files).join()).toBeDefined();
      const bytes = files[path!]!;
      expect(await nodeCodec.decodeLabels({ bytes, name })).toMatchObject({ width: 64 });
    }
  }, 180_000);
});
