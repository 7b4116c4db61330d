import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { maskFormats } from "../../src/files/formats/formats.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { segmentImages, type SegmentEvent } from "../../src/jobs/segment.ts";
import { writeCheckpoint } from "../jobs/exported-model.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [scenes, images, model] = [at("scenes"), at("scenes/images"), at("model.safetensors")];
const [out, whole] = [at("out"), at("whole")];
const shard = (number: number) => join(out, "shards", `shard-0000${number}`);

beforeAll(async () => {
  await fewScenes(scenes);
  const [first] = readdirSync(images);
  // A name that two images share but for its ending, and an image that cannot be read.
  copyFileSync(join(images, first!), join(images, `${first!.replace(/\.png$/, "")}.jpg`));
  writeFileSync(join(images, "scene-0003b.png"), "no image");
  writeCheckpoint(model);
});
beforeEach(() => [out, whole].forEach((path) => rmSync(path, { recursive: true, force: true })));

const common = ["--model", model, "--device", "cpu", "--format", maskFormats.join(",")];
const segment = (...options: string[]) => tag2mask("segment", ...common, images, ...options);
const label = (...options: string[]) =>
  tag2mask("label", ...common, "--data", scenes, "--from", "cam", ...options);

/** What one process writes. */
const trees = new Map<typeof segment, ReturnType<typeof treeOf>>();

async function treeOfOne(run: typeof segment): Promise<ReturnType<typeof treeOf>> {
  if (!trees.has(run)) {
    expect(await run("--out", whole)).toMatchObject({ code: 0 });
    trees.set(run, treeOf(whole));
  }
  return trees.get(run)!;
}

describe.each([
  ["segment", segment],
  ["label", label],
] as const)("%s", (_, run) => {
  test("in shards of two tasks, merged, is what one process writes, byte for byte, in all formats", async () => {
    const expected = await treeOfOne(run);
    const tasks = ["1", "0"].map((task) => ["--shard-size", "5", "--task", task, "--tasks", "2"]);
    for (const options of tasks) expect((await run("--out", out, ...options)).code).toBe(0);
    expect(existsSync(join(out, "classes.json"))).toBe(false);
    const merged = await tag2mask("merge", out);
    expect(merged).toMatchObject({ code: 0 });
    expect(treeOf(out)).toEqual(expected);
  });
});

test("the names of masks do not depend on which images can be read", async () => {
  const two = at("two");
  mkdirSync(two);
  writeFileSync(join(two, "a.jpg"), "no image");
  copyFileSync(join(images, "scene-0001.png"), join(two, "a.png"));
  const done = await tag2mask("segment", "--model", model, "--device", "cpu", two, "--out", out);
  expect(done).toMatchObject({ code: 0 });
  expect(readdirSync(join(out, "masks"))).toEqual(["a-2.png"]);
});

test("one shard after the other says what is done and what is missing", async () => {
  const size = ["--shard-size", "9", "--tasks", "2"];
  const first = await segment("--out", out, ...size, "--task", "0");
  expect(first.stderr).toContain("task 0 of 2, taken from --task and --tasks");
  expect(first.stdout).toMatch(/task 0 of 2: its 1 shard is complete; 8 masks in .* s, 1 left out/);
  expect(first.stdout).toContain(`1 shard of other tasks is missing; then: tag2mask merge ${out}`);

  const early = await tag2mask("merge", out);
  expect(early.code).toBe(3);
  expect(early.stderr).toContain("1 of 2 shards is missing: 1");

  const again = await segment("--out", out, ...size, "--task", "0");
  expect(again.stderr).toContain("1 of 2 shards, 1 of which are complete already");
  const second = await segment("--out", out, "--shard-size", "9", "--tasks", "1");
  expect(second.stdout).toContain(`all shards are complete: tag2mask merge ${out}`);
});

test("a task with other settings, another model or another size of shards is refused with both values", async () => {
  const size = ["--shard-size", "20", "--tasks", "1"];
  expect(await segment("--out", out, ...size)).toMatchObject({ code: 0 });
  const other = await segment("--out", out, ...size, "--flip", "--shard-size", "10");
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("flip was false, is true; shardSize was 20, is 10");
  const changed = at("changed.safetensors");
  writeCheckpoint(changed, (bias) => (bias[0] = 1));
  const foreign = await tag2mask("segment", "--model", changed, ...common.slice(2), images, "--out", out, ...size); // prettier-ignore
  expect(foreign.code).toBe(2);
  expect(foreign.stderr).toMatch(/model was "SHA-256 \w+", is "SHA-256 \w+"/);
  // A copy of the model elsewhere is the same model.
  cpSync(model, at("copy.safetensors"));
  const same = await tag2mask("segment", "--model", at("copy.safetensors"), ...common.slice(2), images, "--out", out, ...size); // prettier-ignore
  expect(same).toMatchObject({ code: 0 });
});

test("a folder with files, --resume and a task without a number are refused", async () => {
  const size = ["--shard-size", "9", "--tasks", "2"];
  expect(await segment("--out", scenes, ...size, "--task", "0")).toMatchObject({ code: 1 });
  expect(existsSync(join(scenes, "shards"))).toBe(false);
  expect((await segment("--out", out, ...size)).code).toBe(2);
  expect((await segment("--out", out, ...size, "--task", "2")).code).toBe(2);
  expect((await segment("--out", out, ...size, "--task", "0", "--resume")).code).toBe(2);
  expect(existsSync(out)).toBe(false);
});

test("a list of images that was changed is refused", async () => {
  const size = ["--shard-size", "9", "--tasks", "2"];
  await segment("--out", out, ...size, "--task", "0");
  const list = join(out, "shards", "items.jsonl");
  writeFileSync(list, readFileSync(list, "utf8").replace("scene-0014", "scene-0001"));
  const { code, stderr } = await segment("--out", out, ...size, "--task", "1");
  expect(code).toBe(1);
  expect(stderr).toContain("the images of shard 1 are not as they were written");
});

test("a shard whose list of images was changed is not merged", async () => {
  await segment("--out", out, "--shard-size", "20", "--tasks", "1");
  const list = join(shard(0), "images.jsonl");
  const text = readFileSync(list, "utf8");
  writeFileSync(list, text.replace('"tags":["ball"', '"tags":["leaf"'));
  const { code, stderr } = await tag2mask("merge", out);
  expect([code, stderr]).toEqual([1, expect.stringContaining("images.jsonl is damaged")]);
  expect(existsSync(join(out, "classes.json"))).toBe(false);
  writeFileSync(list, text);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
});

/** Makes shards until `stop` wants it. */
async function segmentUntil(
  task: number,
  stop: (event: SegmentEvent) => boolean,
): Promise<SegmentEvent[]> {
  const controller = new AbortController();
  const events: SegmentEvent[] = [];
  const shards = { shardSize: 5, task, tasks: 2 };
  const job = { model, device: "cpu", images: [images], out, shards, overlays: true, sheet: true, format: maskFormats } as const; // prettier-ignore
  for await (const event of segmentImages(nodeHost, job, { signal: controller.signal })) {
    events.push(event);
    if (stop(event)) controller.abort();
  }
  return events;
}

test("a task that is stopped goes on in the middle of a shard, and a finished shard gets its name", async () => {
  const stopped = await segmentUntil(0, (event) => event.type === "image" && event.index === 5);
  expect(stopped.at(-1)).toMatchObject({ type: "stopped" });
  expect(existsSync(shard(0))).toBe(true);
  expect(existsSync(shard(2))).toBe(false);

  const rest = await segmentUntil(0, () => false);
  const kept = rest.flatMap((event) => (event.type === "image" && event.kept ? [event] : []));
  expect(kept.length).toBeGreaterThan(0);
  expect(rest.at(-1)).toMatchObject({ type: "task-done", shards: 2, missing: 2 });

  await segmentUntil(1, () => false);
  // As if the process had ended just before it could give the shard its name.
  await nodeHost.store.remove(shard(3));
  cpSync(shard(1), join(out, "shards", ".shard-00001"), { recursive: true });
  rmSync(shard(1), { recursive: true });
  const named = await segmentUntil(1, () => false);
  const made = named.flatMap((event) => (event.type === "image" ? [event] : []));
  expect(made).toHaveLength(3);
  // Files are told by the names that they have once the shard is complete.
  for (const { mask, overlay } of made) expect([mask, overlay].map((path) => existsSync(path!))).toEqual([true, true]); // prettier-ignore
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(await treeOfOne(segment));
});

test("of two attempts at one shard each image is computed once, and both end well", async () => {
  const attempts = await Promise.all([0, 0, 1].map((task) => segmentUntil(task, () => false)));
  for (const events of attempts) expect(events.at(-1)).toMatchObject({ type: "task-done" });
  const computed = attempts.flat().flatMap((event) => (event.type === "image" ? [event.file] : []));
  expect(new Set(computed).size).toBe(computed.length);
  expect(readdirSync(join(out, "shards")).sort()).toEqual([
    "items.jsonl",
    "plan.json",
    ...[0, 1, 2, 3].map((k) => `shard-0000${k}`),
  ]);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(await treeOfOne(segment));
});
