import { mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeBrush } from "../../../src/files/formats/label-studio/brush.ts";
import { nodeHost } from "../../../src/host/node/host.ts";
import { openSegmenter } from "../../../src/jobs/open-segmenter.ts";
import { generateScene } from "../../../src/method/data/scenes.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { MaskWorker } from "../../../src/studio/server/label-studio/mask-worker.ts";
import {
  serveLabelStudio,
  type ServedModel,
} from "../../../src/studio/server/label-studio/serve-label-studio.ts";
import { classes, writeCheckpoint } from "../../jobs/exported-model.ts";
import {
  configuration,
  labels,
  post,
  predict,
  predictBody,
  setupBody,
  task,
} from "./sent-requests.ts";
import type { Prediction, Result } from "./sent-requests.ts";

const root = await mkdtemp(join(tmpdir(), "label-studio-"));
const data = join(root, "data");
const model = join(root, "model.safetensors");
const { image } = generateScene({ seed: 1, index: 0, size: 96 });
const told: string[] = [];
const tell = (message: string): unknown => told.push(message);
let served: ServedModel;

beforeAll(async () => {
  await mkdir(join(data, "photos"), { recursive: true });
  writeCheckpoint(model);
  const png = await nodeHost.codec.encode(image, "png");
  await writeFile(join(data, "photos/a.png"), png);
  await writeFile(join(data, "text.png"), "no image");
  await writeFile(join(root, "secret.png"), png);
  await symlink(join(root, "secret.png"), join(data, "link.png"));
  served = await serveLabelStudio({ model, device: "cpu", data, port: 0, tell });
}, 60_000);
afterAll(async () => {
  await served.close();
  await rm(root, { recursive: true, force: true });
});
beforeEach(() => void (told.length = 0));

/** Predictions of tasks. */
const predictions = (...tasks: unknown[]) => predict(served.url, predictBody(tasks));

const local = (path: string): string => `/data/local-files/?d=${encodeURIComponent(path)}`;
/** The mask that results paint, with the labels of the model. */
function painted(results: readonly Result[]): LabelMap {
  const mask = new Uint8Array(96 * 96);
  for (const { value, original_width, original_height } of results) {
    const label = classes.findIndex((name) => name.toLowerCase() === value.brushlabels[0]!.toLowerCase()) + 1; // prettier-ignore
    const area = decodeBrush(value.rle, original_width, original_height, "");
    for (let i = 0; i < area.length; i++) if (area[i] === 1) mask[i] = label;
  }
  return { width: 96, height: 96, data: mask };
}

/** What the model's own functions say, without the class that has no label. */
async function expected(tags?: readonly number[]) {
  const segmenter = await openSegmenter(nodeHost, model, { device: "cpu" });
  try {
    const mask = tags
      ? await segmenter.label(image, tags, { from: "segmentation" })
      : await segmenter.segment(image);
    const shown = mask.data.map((label) => (label === classes.length ? 0 : label));
    return { data: shown, confidence: mask.confidence };
  } finally {
    await segmenter.release();
  }
}

describe("connecting", () => {
  test("health and versions name the model; its version depends on the weights and how it looks", async () => {
    const health = await fetch(`${served.url}/health`);
    expect(await health.json()).toMatchObject({ status: "UP", model_version: served.version });
    expect(served.version).toMatch(/^tag2mask-model-[0-9a-f]{8}$/);
    const versions = await fetch(`${served.url}/versions`);
    expect(await versions.json()).toEqual({ versions: [served.version] });
    expect((await fetch(`${served.url}/`)).status).toBe(200);
    const other = await serveLabelStudio({ model, device: "cpu", flip: true, port: 0, tell });
    await other.close();
    expect(other.version).not.toBe(served.version);
  });

  test("setup answers with the version, and tells which labels and classes do not match", async () => {
    const response = await post(served.url, "/setup", setupBody("http://localhost:8080"));
    expect(await response.json()).toMatchObject({
      model_version: served.version,
      unknown_labels: ["cat"],
      classes_without_label: [classes.at(-1)],
    });
    const text = told.join("\n");
    expect(text).toContain(`the label "${labels[0]}" is taken for the class "${classes[0]}"`);
    expect(text).toContain("the model does not know the labels cat");
    expect(text).toContain(`has no labels for ${classes.at(-1)}`);
  });

  test.each([
    ['<View><Image name="i" value="$image"/></View>', "has no <BrushLabels>"],
    [configuration.replace(/<Label .*\/>/, '<Label value="cat"/>'), "is a class of the model"],
  ])("a project that cannot be served is refused with the reason, %#", async (schema, reason) => {
    const response = await post(served.url, "/setup", {
      ...setupBody("http://localhost:8080"),
      schema,
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { message: string }).message).toContain(reason);
  });

  test("events of Label Studio are answered, and that they are not used", async () => {
    const response = await post(served.url, "/webhook", {
      action: "ANNOTATION_CREATED",
      project: { id: 1 },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ignored" });
  });
});

describe("predictions", () => {
  test("are the masks of the model as brush labels of the project, with its confidence", async () => {
    const [prediction] = await predictions(task(7, local("photos/a.png")));
    const { data: mask, confidence } = await expected();
    expect(new Set(mask).size).toBeGreaterThan(2);
    expect(painted(prediction!.result).data).toEqual(mask);
    expect(prediction).toMatchObject({ model_version: served.version, score: confidence });
    for (const result of prediction!.result) {
      expect(result).toMatchObject({
        ...{ from_name: "brush", to_name: "image", type: "brushlabels", image_rotation: 0 },
        ...{ original_width: 96, original_height: 96, value: { format: "rle" } },
      });
      expect(labels).toContain(result.value.brushlabels[0]);
    }
  });

  test("are limited to the tags of a task, or to the choices of its annotation", async () => {
    const choices = [{ type: "choices", from_name: "tags", to_name: "image", value: { choices: [classes[1]] } }]; // prettier-ignore
    const address = local("photos/a.png");
    const [tagged, chosen] = await predictions(task(1, address, { tags: `${classes[1]}, zebra` }), {
      ...task(2, address, { tags: [classes[0]] }),
      annotations: [{ result: choices }],
    });
    const { data: mask, confidence } = await expected([1]);
    expect(painted(tagged!.result).data).toEqual(mask);
    expect(tagged).toMatchObject({ score: confidence, unknown_tags: ["zebra"] });
    expect(chosen!.result.map(({ value }) => value)).toEqual(tagged!.result.map(({ value }) => value)); // prettier-ignore
  });

  test("of a batch fail one by one, and a failed one has no version that Label Studio would keep", async () => {
    const good = task(1, local("photos/a.png"));
    const bad = [
      [task(2, local("photos/none.png")), 'there is no file "photos/none.png"'],
      [task(3, local("../secret.png")), "there is no file"],
      [task(4, local("link.png")), "there is no file"],
      [task(5, local("photos")), "there is no file"],
      [task(6, local("text.png")), "task 6: "],
      [task(7, "s3://bucket/a.png"), "s3: addresses are not read here"],
      [task(8, undefined), "is no address of an image"],
      [task(9, local("photos/a.png"), { tags: ["zebra"] }), 'knows none of "zebra"'],
      [{ id: 10 }, "data: "],
      ["no task", "a task: "],
    ] as const;
    const all = await predictions(good, ...bad.map(([one]) => one), good);
    expect(all).toHaveLength(bad.length + 2);
    for (const one of [all.at(0)!, all.at(-1)!]) {
      expect(one.error).toBeUndefined();
      expect(one.result.length).toBeGreaterThan(0);
    }
    for (const [i, [, reason]] of bad.entries()) {
      const { error, ...rest } = all[i + 1]!;
      expect(error).toContain(reason);
      expect(told.join("\n")).toContain(error);
      expect(rest).toEqual({ model_version: `${served.version} (failed)`, score: 0, result: [] });
    }
  });

  test("are not made of what was painted with an interactive tool, which is said", async () => {
    const context = { result: [{ type: "keypointlabels", value: { x: 1, y: 2 } }] };
    const response = await post(
      served.url,
      "/predict",
      predictBody([task(1, local("photos/a.png"))], context),
    );
    const { results } = (await response.json()) as { results: Prediction[] };
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ result: [], score: 0 });
    expect(results[0]!.error).toContain("no interactive prompts");
  });

  test("go on after the process that makes them died, and health is answered meanwhile", async () => {
    const before = served.pid!;
    // Stands still, so that it cannot have answered before it dies.
    process.kill(before, "SIGSTOP");
    const asked = vi.spyOn(MaskWorker.prototype, "mask");
    const running = predictions(
      ...Array.from({ length: 8 }, (_, i) => task(i, local("photos/a.png"))),
    );
    let isDone = false;
    void running.then(() => (isDone = true));
    await vi.waitUntil(() => asked.mock.calls.length > 0, { timeout: 20_000 });
    expect((await fetch(`${served.url}/health`)).status).toBe(200);
    expect(isDone).toBe(false);
    process.kill(before, "SIGKILL");
    const failed = (await running).flatMap(({ error }) => error ?? []);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]).toContain("ended unexpectedly (SIGKILL)");
    const [again] = await predictions(task(1, local("photos/a.png")));
    expect(again!.error).toBeUndefined();
    expect(served.pid).not.toBe(before);
  }, 30_000);

  test("are refused once the model's file is another than at the start", async () => {
    const file = join(root, "changing.safetensors");
    writeCheckpoint(file);
    const own = await serveLabelStudio({ model: file, device: "cpu", data, port: 0, tell });
    try {
      writeCheckpoint(file, (bias) => (bias[1]! += 1));
      process.kill(own.pid!, "SIGKILL");
      await vi.waitUntil(() => own.pid === undefined);
      const [changed] = await predict(own.url, predictBody([task(1, local("photos/a.png"))]));
      expect(changed!.error).toContain("start the server again");
    } finally {
      await own.close();
    }
  });
});
