import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import type { Image } from "../../src/method/images/image.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import {
  exportModel as exportEvents,
  type Exported,
  type ExportOptions,
} from "../../src/jobs/export.ts";
import { openModel } from "../../src/jobs/open-model.ts";
import type { OpenedModel } from "../../src/method/inference/model.ts";
import { openAnyModel } from "../../src/jobs/open-exported-model.ts";
import { openSegmenter } from "../../src/jobs/open-segmenter.ts";
import { readTensorFile } from "../../src/files/run/checkpoints.ts";
import { classes, writeCheckpoint, writePvtCheckpoint } from "./exported-model.ts";

let folder: string;
let checkpoint: string;
let model: OpenedModel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "export-"));
  mkdirSync(join(folder, "run", "weights"), { recursive: true });
  checkpoint = join(folder, "run", "weights", "best.safetensors");
  writeCheckpoint(checkpoint);
  model = await openModel(nodeHost.store, join(folder, "run"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The result of an export that is not stopped. */
async function exportModel(source: OpenedModel, options?: ExportOptions): Promise<Exported> {
  return (await outcomeOf(exportEvents(nodeHost, source, options), "exported")).exported;
}

const pixel = (_: unknown, i: number): number =>
  128 + 100 * Math.sin(i / 7) + 27 * Math.cos(i / 999);
const image: Image = {
  width: 101,
  height: 75,
  data: Uint8Array.from({ length: 101 * 75 * 3 }, pixel),
};

async function segment(source: string | OpenedModel): Promise<unknown> {
  const segmenter = await openSegmenter(nodeHost, source, { device: "cpu" });
  const { confidence, ...rest } = await segmenter.segment(image, { flip: true, scales: [1, 0.75] });
  await segmenter.release();
  expect(new Set(rest.data).size).toBeGreaterThan(1);
  return { ...rest, confidence: Number(confidence.toFixed(4)) };
}

describe.each([
  ["one file", {}, ["best.onnx"]],
  ["weights outside", { externalDataFrom: 1000 }, ["best.onnx_data", "best.onnx"]],
] as const)("onnx, %s", (_, options: ExportOptions, names) => {
  test("is written beside the weights and segments as the run does", async () => {
    const exported = await exportModel(model, options);
    const beside = names.map((name) => join(folder, "run", "weights", name));
    expect(exported.files.map(({ file }) => file)).toEqual(beside);
    for (const { file, bytes } of exported.files) expect(readFileSync(file)).toHaveLength(bytes);
    expect(exported.difference).toBeLessThan(1e-5);
    expect(exported.out).toBe(beside.at(-1));
    expect(await segment(exported.out)).toEqual(await segment(model));
  });
});

test("a PVTv2 segments in an exported file as in the run", async () => {
  writePvtCheckpoint(checkpoint);
  const pvt = await openModel(nodeHost.store, checkpoint);
  const { difference, out } = await exportModel(pvt);
  expect(difference).toBeLessThan(1e-5);
  expect(await segment(out)).toEqual(await segment(pvt));
});

describe.each([
  ["float16", 0.65, 0.998],
  ["int8", 0.7, 0.95],
] as const)("precision %s", (precision, size, agreement) => {
  test("is a smaller file that segments as the run does", async () => {
    const whole = await exportModel(model, { out: join(folder, "whole.onnx") });
    const small = await exportModel(model, { precision });
    expect(small.out).toBe(join(folder, "run", "weights", `best.${precision}.onnx`));
    expect(small.files[0]!.bytes).toBeLessThan(size * whole.files[0]!.bytes);
    expect(small.difference).toBeGreaterThan(1e-6);
    const segmented = async (path: string): Promise<ArrayLike<number>> => {
      const segmenter = await openSegmenter(nodeHost, path, { device: "cpu" });
      const { data } = await segmenter.segment(image);
      await segmenter.release();
      return data;
    };
    const [expected, actual] = [await segmented(whole.out), await segmented(small.out)];
    const same = Array.from(expected).filter((label, i) => label === actual[i]).length;
    expect(same / expected.length).toBeGreaterThan(agreement);
    const { classes: names, step } = await openAnyModel(nodeHost.store, small.out);
    expect({ names, step }).toEqual({ names: classes, step: 12 });
  });

  test("can have its weights outside", async () => {
    const { files, difference } = await exportModel(model, {
      precision,
      externalDataFrom: 1000,
    });
    expect(files).toHaveLength(2);
    expect(difference).toBeLessThan(0.1);
  });

  test.each(["safetensors", "transformersjs"] as const)("is refused for %s", async (format) => {
    await expect(exportModel(model, { precision, format })).rejects.toThrow(
      `export: the format ${format} has float32 weights only, ${precision} was asked for`,
    );
  });

  test("does not keep a model of NaN", async () => {
    writeCheckpoint(checkpoint, (values) => values.fill(NaN));
    const out = join(folder, "broken.onnx");
    const failing = exportModel(await openModel(nodeHost.store, checkpoint), {
      out,
      precision,
    });
    await expect(failing).rejects.toThrow("broken.onnx: removed, because its logits differ");
  });
});

test("a folder for transformers.js is itself a model to segment with", async () => {
  const out = join(folder, "web");
  for (const externalDataFrom of [1000, 1e9]) {
    await exportModel(model, {
      format: "transformersjs",
      out,
      externalDataFrom,
      overwrite: true,
    });
    const data = externalDataFrom === 1000 ? ["model.onnx_data"] : [];
    expect(readdirSync(out)).toEqual([
      "README.md",
      "config.json",
      "onnx",
      "preprocessor_config.json",
    ]);
    expect(readdirSync(join(out, "onnx"))).toEqual(["model.onnx", ...data]);
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8")) as Record<
      string,
      object
    >;
    expect(config["id2label"]).toMatchObject({ 0: "background", 5: "pebble" });
    expect("use_external_data_format" in config["transformers.js_config"]!).toBe(data.length > 0);
    expect(await segment(out)).toEqual(await segment(model));
  }
});

test("a run that holds such a folder's files too is still the run", async () => {
  const run = join(folder, "run");
  await exportModel(model, { format: "transformersjs", out: run, overwrite: true });
  expect((await openAnyModel(nodeHost.store, run)).file).toBe(checkpoint);
});

test("safetensors holds the weights without moments, and is a model again", async () => {
  const { out, files } = await exportModel(model, { format: "safetensors" });
  expect(files).toHaveLength(1);
  expect(out).toBe(join(folder, "run", "weights", "best.weights.safetensors"));
  const { tensors, metadata } = await readTensorFile(nodeHost.store, out);
  expect(Object.keys(tensors).sort()).toEqual(
    model.network.parameters.map(({ name }) => name).sort(),
  );
  expect(metadata).toMatchObject({ format: "pt", step: "12", classes: JSON.stringify(classes) });
  for (const [name, { data }] of Object.entries(tensors)) {
    expect(data, name).toEqual(model.parameters[name]!.data);
  }
  expect(await segment(out)).toEqual(await segment(model));
});

test("nothing that is there is replaced unless asked, and the model itself never", async () => {
  const out = join(folder, "m.onnx");
  await exportModel(model, { out, externalDataFrom: 1000 });
  await expect(exportModel(model, { out })).rejects.toThrow(
    expect.objectContaining({
      message: `${out}: already exists`,
      remedies: [
        { kind: "option", name: "out", instead: true },
        { kind: "option", name: "overwrite" },
      ],
    }),
  );
  await exportModel(model, { out, overwrite: true });
  // What the older model had outside would only mislead.
  expect(readdirSync(folder).sort()).toEqual(["m.onnx", "run"]);
  const same = exportModel(model, { out: checkpoint, overwrite: true });
  await expect(same).rejects.toThrow("is the file that is read");
  const web = { format: "transformersjs", out: join(folder, "run") } as const;
  await expect(exportModel(model, web)).rejects.toThrow("run: has 1 file or folder already");
  expect(existsSync(join(folder, "run", "config.json"))).toBe(false);
});

test.each([
  [{ out: "model.bin" }, "model.bin: the name of a file in the format onnx must end in .onnx"],
  [
    { out: "m.onnx", format: "safetensors" },
    "m.onnx: the name of a file in the format safetensors",
  ],
  [{ out: "m.onnx", format: "transformersjs" }, "m.onnx: the format transformersjs is a folder"],
] as const)(
  "an ending of another format is refused: %o",
  async (options: ExportOptions, message) => {
    await expect(exportModel(model, options)).rejects.toThrow(message);
  },
);

test("a model that cannot be checked is not kept", async () => {
  writeCheckpoint(checkpoint, (values) => values.fill(NaN));
  const out = join(folder, "broken.onnx");
  const failing = exportModel(await openModel(nodeHost.store, checkpoint), {
    out,
    externalDataFrom: 1000,
  });
  await expect(failing).rejects.toThrow("broken.onnx: removed, because its logits differ");
  expect(readdirSync(folder)).toEqual(["run"]);
});

test("of a pair that cannot be replaced no file is left that meets another's", async () => {
  const out = join(folder, "m.onnx");
  await exportModel(model, { out });
  mkdirSync(join(`${out}_data`, "in the way"), { recursive: true });
  const failing = exportModel(model, { out, externalDataFrom: 1000, overwrite: true });
  await expect(failing).rejects.toThrow("m.onnx_data: cannot be written: ");
  expect(readdirSync(folder).sort()).toEqual(["m.onnx_data", "run"]);
});

test("a folder that cannot be written is a UserError", async () => {
  const out = join(checkpoint, "m.onnx");
  await expect(exportModel(model, { out, externalDataFrom: 1000 })).rejects.toThrow(
    /m\.onnx_data: cannot be written: /,
  );
});

test("a model without the file of its weights is refused when it is opened", async () => {
  const { out } = await exportModel(model, { externalDataFrom: 1000 });
  rmSync(`${out}_data`);
  await expect(openSegmenter(nodeHost, out, { device: "cpu" })).rejects.toThrow(
    /best\.onnx: the model cannot be loaded: .*best\.onnx_data/,
  );
});

test("an exported model does not label", async () => {
  const { out } = await exportModel(model);
  const segmenter = await openSegmenter(nodeHost, out, { device: "cpu" });
  expect(segmenter.model).toMatchObject({ file: out, step: 12, classes });
  expect(() => segmenter.needActivations()).toThrow(
    /best\.onnx: an exported model can only segment/,
  );
  await expect(segmenter.label(image, [0])).rejects.toThrow(
    "use the run folder or the weights that it was exported from",
  );
  await segmenter.release();
});
