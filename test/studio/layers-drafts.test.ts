import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { openSegmenter } from "../../src/jobs/open-segmenter.ts";
import { mergeCam, tokenAffinity, windowRadius } from "../../src/method/labels/index.ts";
import { propagatedMaps } from "../../src/method/inference/label-image.ts";
import { networkImage } from "../../src/method/inference/long-side.ts";
import { refineAffinityLabel } from "../../src/method/labels/index.ts";
import { parOf } from "../../src/method/refine/par.ts";
import { decodeLayers } from "../../src/studio/layers.ts";
import { decodeMask } from "../../src/studio/patches.ts";
import type {
  Comparison,
  Drafts,
  ImageDetails,
  NewRun,
  Preferences,
  Project,
  Run,
  Suggestions,
} from "../../src/studio/protocol.ts";
import { writeScenes } from "./scene-folder.ts";
import { startStudio, waitUntil, type StartedStudio } from "./start-studio.ts";
import { tinyRun } from "./tiny-run.ts";

const size = 64;
const root = await mkdtemp(join(tmpdir(), "studio-models-"));
let studio: StartedStudio;
beforeAll(async () => {
  // Two images without tags, which are drafted without knowing them.
  await writeScenes(root, 10, { tagged: 8, size });
  studio = await startStudio(root, "--no-open");
  await studio.indexed();
  await studio.send("POST", "/api/runs", tiny);
  await reach("run-1", "done");
});
afterAll(async () => {
  await studio.stop();
  await rm(root, { recursive: true, force: true });
});

const tiny = {
  ...tinyRun,
  steps: 8,
  set: { ...tinyRun.set, "train.camSteps": 2, "train.affinitySteps": 4 },
} satisfies NewRun;

async function reach(id: string, state: Run["state"]): Promise<void> {
  await waitUntil(async () => {
    const run = await studio.get<Run>(`/api/runs/${id}`);
    if (run.state === "failed") throw new Error(run.error!);
    return run.state === state;
  });
}

async function drafted(model: string): Promise<Drafts> {
  let drafts: Drafts | undefined;
  await waitUntil(async () => {
    drafts = await studio.get<Drafts>("/api/drafts");
    if (drafts.state === "failed") throw new Error(drafts.error!);
    return drafts.model === model && drafts.state === "done";
  });
  return drafts!;
}

async function details(): Promise<ImageDetails[]> {
  return studio.send("POST", "/api/images/details", { ids: [...Array(10).keys()] });
}

async function bytesOf(path: string): Promise<Uint8Array> {
  const response = await studio.request(path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

describe("after a training", () => {
  test("masks of all images are made by themselves, limited to their tags where these are known", async () => {
    expect(await drafted("run-1")).toMatchObject({ done: 10, total: 10, error: null });
    const { models, classes } = await studio.get<Project>("/api/project");
    expect(models).toMatchObject([{ id: "run-1", step: 8, drafts: 10 }]);
    for (const image of await details()) {
      expect(image.confidence).toBeGreaterThan(0);
      const response = await studio.request(`/api/images/${image.id}/mask`);
      expect(response.headers.get("x-mask-source")).toBe("draft");
      const mask = decodeMask(new Uint8Array(await response.arrayBuffer()));
      expect([mask.width, mask.height]).toEqual([size, size]);
      const shown = [...new Set(mask.data)].filter((label) => label > 0).map((label) => label - 1);
      if (image.untagged) continue;
      expect(image.tags).toEqual(expect.arrayContaining(shown));
      expect(image.missing).toEqual(image.tags.filter((tag) => !shown.includes(tag)));
    }
    expect(classes.length).toBeGreaterThan(1);
  });

  test("drafts outlive the server, and one whose tags changed is made anew when it is looked at", async () => {
    await drafted("run-1");
    const folder = join(root, ".tag2mask/drafts/run-1");
    const before = await readFile(join(folder, "facts.jsonl"), "utf8");
    await studio.kill();
    studio = await startStudio(root, "--no-open");
    await studio.indexed();
    expect(await drafted("run-1")).toMatchObject({ done: 10 });
    expect(await readFile(join(folder, "facts.jsonl"), "utf8")).toBe(before);
    const [image] = (await details()).filter(({ tags }) => tags.length > 1);
    const only = [image!.tags[0]!];
    const changes = [{ id: image!.id, rev: image!.tagsRev, tags: only }];
    await studio.send("PUT", "/api/tags", { changes });
    const mask = decodeMask(await bytesOf(`/api/images/${image!.id}/mask`));
    expect([0, only[0]! + 1]).toEqual(expect.arrayContaining([...new Set(mask.data)]));
    expect((await readFile(join(folder, "facts.jsonl"), "utf8")).length).toBeGreaterThan(before.length); // prettier-ignore
  });
});

test("drafts are limited to the known tags only as long as that is wanted", async () => {
  await drafted("run-1");
  const [image] = (await details()).filter(({ tags }) => tags.length > 0);
  const mask = async () => decodeMask(await bytesOf(`/api/images/${image!.id}/mask`));
  const limited = await mask();
  const preferences = await studio.get<Preferences>("/api/preferences");
  await studio.send("PUT", "/api/preferences", { ...preferences, knownTags: false });
  const run = join(root, ".tag2mask/runs/run-1");
  const segmenter = await openSegmenter(nodeHost, run, { device: "cpu" });
  const free = await segmenter.segment(join(root, image!.file));
  await segmenter.release();
  const { classes, models } = await studio.get<Project>("/api/project");
  const labels = free.data.map((label) => label && classes.indexOf(free.classes[label - 1]!) + 1);
  expect((await mask()).data).toEqual(labels);
  expect(labels).not.toEqual(limited.data);
  // All others are wanted anew, and are made when a person asks for them.
  expect(models[0]!.drafts).toBeLessThan(10);
  await studio.send("POST", "/api/drafts", { model: "run-1" });
  await waitUntil(async () => (await studio.get<Project>("/api/project")).models[0]!.drafts === 10);
  await studio.send("PUT", "/api/preferences", { ...preferences, knownTags: true });
  expect((await mask()).data).toEqual(limited.data);
});

describe("relabeling with thresholds", () => {
  const method = { from: "cam", low: 0.2, high: 0.8 } as const;
  const maskOf = async (id: number) => decodeMask(await bytesOf(`/api/images/${id}/mask`));
  const current = async () => (await studio.get<Project>("/api/project")).models[0]!;
  const relabel = async (wanted: object | null) => {
    await studio.send("POST", "/api/drafts", { model: "run-1", method: wanted });
    await waitUntil(async () => {
      const { drafts, method: by } = await current();
      const { state, error } = await studio.get<Drafts>("/api/drafts");
      if (state === "failed") throw new Error(error!);
      return drafts === 10 && state === "done" && JSON.stringify(by) === JSON.stringify(wanted);
    });
  };

  test("drafts all images anew as the method does with them, keeps corrections and verdicts, and can be taken back", async () => {
    await drafted("run-1");
    const images = await details();
    const [image, corrected] = images.filter(({ tags }) => tags.length > 1);
    const usual = await maskOf(image!.id);
    const accepted = await maskOf(corrected!.id);
    const answer = await studio.request(`/api/images/${corrected!.id}/mask`);
    const rev = Number(answer.headers.get("x-mask-rev"));
    await studio.send("POST", `/api/images/${corrected!.id}/verdict`, { rev, verdict: "accepted" });

    await relabel(method);
    const segmenter = await openSegmenter(nodeHost, join(root, ".tag2mask/runs/run-1"), { device: "cpu" }); // prettier-ignore
    const { classes } = await studio.get<Project>("/api/project");
    const tags = image!.tags.map((tag) => segmenter.classes.indexOf(classes[tag]!));
    const { low, high } = method;
    const expected = await segmenter.label(join(root, image!.file), tags, { from: "cam", thresholds: { low, high } }); // prettier-ignore
    await segmenter.release();
    const relabeled = await maskOf(image!.id);
    expect(relabeled.data).toEqual(expected.data);
    expect(relabeled.data).toContain(255);
    expect(relabeled.data).not.toEqual(usual.data);
    expect(await maskOf(corrected!.id)).toEqual(accepted);
    const after = (await details()).find(({ id }) => id === corrected!.id)!;
    expect(after.verdict).toBe("accepted");
    // A comparison with masks that leave pixels unknown.
    const compared = await studio.send<Comparison>("POST", "/api/compare", { before: "run-1", after: "run-1" }); // prettier-ignore
    expect(compared.before).toBe(compared.after);

    // They outlive the server, and so does how they are made.
    await studio.kill();
    studio = await startStudio(root, "--no-open");
    await studio.indexed();
    expect(await drafted("run-1")).toMatchObject({ done: 10 });
    expect(await current()).toMatchObject({ drafts: 10, method });
    expect((await maskOf(image!.id)).data).toEqual(expected.data);

    await relabel({ ...method, high: 0.3 });
    expect((await maskOf(image!.id)).data).not.toEqual(expected.data);
    await relabel(null);
    expect((await maskOf(image!.id)).data).toEqual(usual.data);
    const reset = { rev: after.maskRev };
    await studio.send("POST", `/api/images/${corrected!.id}/mask/reset`, reset);
  });

  test("is refused with thresholds that nothing can be made of", async () => {
    for (const wrong of [
      { ...method, high: 0.1 },
      { ...method, low: -1 },
      { ...method, from: "segmentation" },
    ]) {
      const response = await studio.request("/api/drafts", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "run-1", method: wrong }),
      });
      expect(response.status).toBe(400);
    }
    expect((await current()).method).toBeNull();
  });
});

describe("what a model sees in an image", () => {
  test("is what training and labeling see: activations, propagated scores, pseudo label, and the row of the affinity", async () => {
    const [image] = (await details()).filter(({ tags }) => tags.length > 1);
    const { head, parts } = decodeLayers(await bytesOf(`/api/images/${image!.id}/layers?model=run-1`)); // prettier-ignore
    const segmenter = await openSegmenter(nodeHost, join(root, ".tag2mask/runs/run-1"), { device: "cpu" }); // prettier-ignore
    const { config } = segmenter.model;
    const pixels = await nodeHost.codec.decode(join(root, image!.file));
    const pass = segmenter.needActivations();
    const { scales, affinity } = await pass.run(networkImage(pixels, config.data, config.eval));
    expect(head.tags).toEqual(image!.tags);
    const levels = (values: Float32Array) => Uint8Array.from(values, (v) => Math.round(255 * v));
    const small = mergeCam(scales, head.tags, size / 4, size / 4);
    expect(parts.cam).toEqual(levels(small.data));
    const cam = mergeCam(scales, head.tags, size, size);
    const { lowThreshold: low, highThreshold: high, radius } = config.pseudo;
    const maps = propagatedMaps(cam, affinity, { low, high, radius });
    expect(parts.propagated).toEqual(levels(maps.low.data));
    const label = refineAffinityLabel(pixels, maps, head.tags, { par: parOf(config) });
    expect(parts.pseudoLabel).toEqual(label.data);
    expect(head.thresholds).toEqual({ low, high, radius: windowRadius(radius, affinity) });
    expect(parts.pixels).toEqual(new Uint8Array(pixels.data));

    const all = await bytesOf(`/api/images/${image!.id}/affinity?model=run-1&token=5`);
    const rows = new Float32Array(all.buffer);
    const { affinity: row, spreads, receives } = tokenAffinity(affinity, 5, head.thresholds.radius);
    expect(rows).toEqual(Float32Array.from([...row, ...spreads, ...receives]));
    await segmenter.release();
    const none = await studio.request(`/api/images/${image!.id}/affinity?model=run-1&token=999`);
    expect(none.status).toBe(404);
  });

  test("is stored, so that the second look is quick, and can be asked for ahead", async () => {
    const ahead = await studio.request("/api/images/6/layers?model=run-1&prefetch=1");
    expect([ahead.status, await ahead.text()]).toEqual([204, ""]);
    const stored = await readdir(join(root, ".tag2mask/layers/run-1"));
    const start = performance.now();
    await bytesOf("/api/images/6/layers?model=run-1");
    expect(performance.now() - start).toBeLessThan(200);
    expect(await readdir(join(root, ".tag2mask/layers/run-1"))).toEqual(stored);
  });

  test("is computed anew where an earlier version, or nobody, stored it whole", async () => {
    const address = "/api/images/5/layers?model=run-1";
    const now = await bytesOf(address);
    const folder = join(root, ".tag2mask/layers/run-1");
    const files = (await readdir(folder)).filter((name) => name.endsWith(".layers"));
    // The layout before had other first bytes, no settings of PAR and no pixels.
    for (const stored of [
      Buffer.concat([Buffer.from("T2ML"), now.subarray(4)]),
      now.subarray(0, 99),
    ]) {
      for (const name of files) await writeFile(join(folder, name), stored);
      expect(Buffer.from(await bytesOf(address)).equals(now)).toBe(true);
      decodeLayers(await bytesOf(address));
      expect((await readdir(folder)).filter((name) => name.endsWith(".layers"))).toEqual(files);
    }
  });

  test("of a file that is no image is told, and others are answered", async () => {
    await writeFile(join(root, "scene-009.png"), "no image");
    const broken = await studio.request("/api/images/9/layers?model=run-1");
    expect(broken.status).toBe(400);
    expect(((await broken.json()) as { message: string }).message).toContain("scene-009.png");
    expect((await studio.request("/api/images/0/layers?model=run-1")).status).toBe(200);
    expect((await studio.request("/api/images/0/layers?model=run-7")).status).toBe(404);
  });
});

test("tags are suggested, the surest first", async () => {
  const { model, images } = await studio.send<Suggestions>("POST", "/api/suggest", { ids: [8, 0] });
  expect(model).toBe("run-1");
  expect(images.map(({ id }) => id)).toEqual([8, 0]);
  for (const { tags } of images) {
    const scores = tags.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
  }
});

test("models are compared by the masks that people accepted, and it is told whether the later one learned from them", async () => {
  const [image] = await details();
  const response = await studio.request(`/api/images/${image!.id}/mask`);
  const rev = Number(response.headers.get("x-mask-rev"));
  await studio.send("POST", `/api/images/${image!.id}/verdict`, { rev, verdict: "accepted" });
  const next = await studio.send<Run>("POST", "/api/runs", { ...tiny, from: "run-1", seed: 1 }); // prettier-ignore
  expect(next.corrections).toBe(1);
  await reach(next.id, "done");
  const request = { before: "run-1", after: next.id };
  const { images, before, after, trainedOn } = await studio.send<Comparison>("POST", "/api/compare", request); // prettier-ignore
  expect(images).toEqual([{ id: image!.id, before: 1, after: after }]);
  expect(before).toBe(1);
  expect(after).toBeLessThanOrEqual(1);
  expect(trainedOn).toBe(true);
  await drafted(next.id);
  // Of the older model only the draft of the corrected image is kept.
  const kept = async () => (await readdir(join(root, ".tag2mask/drafts/run-1"))).filter((name) => name.endsWith(".mask")); // prettier-ignore
  await expect.poll(kept).toEqual([`${image!.name}.mask`]);
});
