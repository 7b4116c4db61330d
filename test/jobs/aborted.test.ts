import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compareMasks } from "../../src/jobs/compare-masks.ts";
import { convertWeights } from "../../src/jobs/convert-weights.ts";
import { convertMasks } from "../../src/jobs/convert.ts";
import { runDemo } from "../../src/jobs/demo.ts";
import { evaluateModel, evaluateModelStages } from "../../src/jobs/evaluate.ts";
import { inspectFolder } from "../../src/jobs/data.ts";
import { exportModel } from "../../src/jobs/export.ts";
import { openModel } from "../../src/jobs/open-model.ts";
import { withWeights } from "../../src/jobs/with-weights.ts";
import { understandWeights } from "../../src/files/weights/understand.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { demoMasks, writeAll } from "../files/formats/masks.ts";
import { writeCheckpoint } from "./exported-model.ts";
import { fewScenes, temporaryFolder, tiny } from "../cli/scenes.ts";
import { tag2mask } from "../cli/terminal.ts";

const root = temporaryFolder();

/** The types of a job's events until it has stopped; the signal is aborted at the first of one type. */
async function typesUntil<E extends { readonly type: string }>(
  type: E["type"],
  job: (options: { readonly signal: AbortSignal }) => AsyncGenerator<E, void>,
): Promise<{ types: string[]; last: E | undefined }> {
  const controller = new AbortController();
  const events: E[] = [];
  for await (const event of job({ signal: controller.signal })) {
    events.push(event);
    if (event.type === type) controller.abort();
    // As a front end that needs no more.
    if (event.type === "stopped") break;
  }
  return { types: events.map((event) => event.type), last: events.at(-1) };
}

test("an aborted conversion says how far it came, keeps what is finished and goes on to the same masks", async () => {
  const masks = join(root, "masks");
  const out = join(root, "converted");
  await writeAll(masks, "voc", demoMasks(3));
  const job = { masks, to: ["voc"], out, instances: "regions" } as const;
  const { types, last } = await typesUntil("progress", (options) =>
    convertMasks(nodeHost, job, options),
  );
  expect(types).toEqual(["started", "progress", "stopped"]);
  expect(last).toEqual({ type: "stopped", done: 1, total: 3, kept: 1 });
  expect(readdirSync(join(out, "masks"))).toHaveLength(1);
  const resumed = [];
  for await (const event of convertMasks(nodeHost, { ...job, resume: true })) resumed.push(event);
  expect(resumed.at(-1)).toMatchObject({ type: "done", masks: 3, skipped: 0 });
  expect(readdirSync(out).sort()).toEqual([".tag2mask.jsonl", "classes.json", "masks"]);
  expect(readdirSync(join(out, "masks"))).toHaveLength(3);
});

test("an aborted comparison of masks stops at the next pair and keeps what it measured", async () => {
  const masks = join(root, "compared");
  const out = join(root, "scores", "deep");
  await writeAll(masks, "voc", demoMasks(3));
  const job = { masks, truth: masks, out, worst: 2 };
  const { types, last } = await typesUntil("progress", (options) =>
    compareMasks(nodeHost, job, options),
  );
  expect(types).toEqual(["unpaired", "progress", "stopped"]);
  expect(last).toEqual({ type: "stopped", done: 1, total: 3, kept: 1 });
  expect(readdirSync(out)).toEqual([".unfinished"]);
  const bare = { masks, truth: masks, worst: 2 };
  const without = await typesUntil("progress", (options) => compareMasks(nodeHost, bare, options));
  expect(without.last).toEqual({ type: "stopped", done: 1, total: 3 });
});

test("an aborted evaluation stops at the next image and keeps what it measured or predicted", async () => {
  const data = await fewScenes(join(root, "scenes"));
  const model = join(root, "run");
  const training = ["--data", data, "--out", model, "--steps", "1", ...tiny];
  const { code, stderr } = await tag2mask("train", ...training);
  expect(code, stderr).toBe(0);
  const out = join(root, "measured", "deep");
  const job = {
    model,
    data,
    split: "val",
    cam: false,
    crf: true,
    worst: 2,
    device: "cpu",
    out,
  } as const;
  for (const evaluation of [evaluateModel, evaluateModelStages]) {
    const { types, last } = await typesUntil("progress", (options) =>
      evaluation(nodeHost, job, options),
    );
    expect(types.slice(types.indexOf("started"))).toEqual(["started", "progress", "stopped"]);
    expect(last).toEqual({ type: "stopped", done: 1, total: 4, kept: 1 });
    expect(readdirSync(out)).toEqual([".unfinished"]);
    rmSync(out, { recursive: true });
  }
  rmSync(join(data, "masks"), { recursive: true });
  const { types, last } = await typesUntil("progress", (options) =>
    evaluateModel(nodeHost, job, options),
  );
  expect(types.slice(types.indexOf("predicting"))).toEqual(["predicting", "progress", "stopped"]);
  expect(last).toMatchObject({ type: "stopped", done: 1, total: 4, kept: 1 });
  expect(readdirSync((last as { out: string }).out)).toHaveLength(1);
});

test("a demo that is aborted before its training leaves nothing behind", async () => {
  const before = readdirSync(root);
  const report = { command: "demo", versions: {} };
  const job = { out: join(root, "new", "tour"), images: 14, device: "cpu", report } as const;
  const { types } = await typesUntil("scenes-started", (options) =>
    runDemo(nodeHost, job, options),
  );
  expect(types.filter((type) => type !== "scenes")).toEqual([
    "device",
    "place",
    "scenes-started",
    "canceled",
  ]);
  expect(readdirSync(root)).toEqual(before);
});

test("an aborted export writes no file", async () => {
  const file = join(root, "exported.safetensors");
  writeCheckpoint(file);
  const model = await openModel(nodeHost.store, file);
  const out = join(root, "exports", "model.onnx");
  const { types, last } = await typesUntil("writing", (options) =>
    exportModel(nodeHost, model, { out, externalDataFrom: 1000, ...options }),
  );
  expect(types).toEqual(["writing", "stopped"]);
  expect(last).toEqual({ type: "stopped", done: 0, total: 2 });
  expect(existsSync(join(root, "exports"))).toBe(false);
});

test("an export that nobody waits for until it is verified is not kept", async () => {
  const file = join(root, "unverified.safetensors");
  writeCheckpoint(file);
  const out = join(root, "unverified", "model.onnx");
  const model = await openModel(nodeHost.store, file);
  for await (const { type } of exportModel(nodeHost, model, { out }))
    if (type === "verifying") break;
  expect(readdirSync(join(root, "unverified"))).toEqual([]);
});

test("aborted weights leave the file that was there", async () => {
  const file = join(root, "weights.safetensors");
  writeCheckpoint(file);
  const folder = join(root, "converted-weights");
  mkdirSync(folder);
  const out = join(folder, "own.safetensors");
  writeFileSync(out, "earlier");
  await withWeights(nodeHost.store, file, async (weights) => {
    const { types, last } = await typesUntil("progress", (options) =>
      convertWeights(nodeHost.store, weights, understandWeights(weights), out, options),
    );
    expect(types).toEqual(["progress", "stopped"]);
    expect(last).toMatchObject({ type: "stopped", done: 1 });
  });
  expect(readdirSync(folder)).toEqual(["own.safetensors"]);
  expect(readFileSync(out, "utf8")).toBe("earlier");
});

test("an aborted look at a data set reads no more images", async () => {
  const data = await fewScenes(join(root, "looked-at"));
  const decoded: string[] = [];
  const { codec } = nodeHost;
  const host = {
    ...nodeHost,
    codec: {
      ...codec,
      decode: (file: string) => {
        decoded.push(file);
        return codec.decode(file);
      },
    },
  };
  const job = { data, decode: true, seed: 0 };
  const controller = new AbortController();
  const types: string[] = [];
  for await (const event of inspectFolder(host, job, { signal: controller.signal })) {
    types.push(event.type);
    if (event.type === "reading" && event.what === "images") controller.abort();
  }
  expect(types.at(-1)).toBe("stopped");
  expect(types).not.toContain("report");
  expect(decoded.length).toBeLessThan(16);
});
