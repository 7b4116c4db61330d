import { appendFileSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markMerged } from "../../src/files/shards/merge-mark.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { readMask, writeMask } from "../../src/host/node/images/codec.ts";
import { compareMasks, type CompareMasksEvent } from "../../src/jobs/compare-masks.ts";
import { writeCheckpoint } from "../jobs/exported-model.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [data, model, predicted] = [at("scenes"), at("model.safetensors"), at("predicted")];
const [out, whole, wholeMasks] = [at("out"), at("whole"), at("whole-masks")];

beforeAll(async () => {
  await fewScenes(data);
  // The network has one class more.
  appendFileSync(join(data, "classes.txt"), "pebble\n");
  writeCheckpoint(model);
  const images = readdirSync(join(data, "images")).sort();
  cpSync(join(data, "masks"), predicted, { recursive: true });
  // Masks of other images, so that the scores differ, true masks and a mask that cannot be used, and one mask too few.
  for (let i = 4; i < 12; i++) {
    cpSync(join(data, "masks", images[i]!), join(predicted, images[i + 1]!));
  }
  // True masks that number the classes in another order than the tags, which is told.
  for (const image of images) {
    const path = join(data, "masks", image);
    const mask = await readMask(path);
    await writeMask(path, {
      ...mask,
      data: mask.data.map((label) => (label ? (label % 4) + 1 : 0)),
    });
  }
  const wrong = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(9) };
  for (const i of [6, 13]) await writeMask(join(data, "masks", images[i]!), wrong);
  writeFileSync(join(predicted, images[2]!), "no PNG");
  rmSync(join(predicted, images[9]!));
  await evaluate("masks", "--out", wholeMasks);
});
beforeEach(() => [out, whole].forEach((path) => rmSync(path, { recursive: true, force: true })));

const ofModel = [
  "--model",
  model,
  "--data",
  data,
  "--split",
  "train",
  "--device",
  "cpu",
  "--long-side",
  "32",
];
const kinds = {
  scores: [...ofModel, "--split", "train", "--worst", "3"],
  stages: [...ofModel, "--stages", "--scales", "1"],
  masks: ["--masks", predicted, "--truth", join(data, "masks"), "--worst", "3"],
};
const evaluate = (kind: keyof typeof kinds, ...options: string[]) =>
  tag2mask("eval", ...kinds[kind], ...options);
const linesOf = (text: string) => text.trimEnd().split("\n");
const shard = (number: number) => join(out, "shards", `shard-0000${number}`);
const alone = (size: number) => ["--out", out, "--shard-size", String(size), "--tasks", "1"];

describe.each([
  ["scores", 2, 5],
  ["stages", 1, 3],
  ["masks", 2, 5],
] as const)("%s in shards", (kind, tasks, size) => {
  test(`of ${tasks === 1 ? "one task" : "two tasks"}, merged, are those of one process: the same files, the same words`, async () => {
    const one = await evaluate(kind, "--out", whole);
    expect(one.stdout).not.toBe("");
    for (let task = tasks - 1; task >= 0; task--) {
      const number = ["--task", String(task), "--tasks", String(tasks)];
      const made = await evaluate(kind, ...alone(size).slice(0, 4), ...number);
      expect(made.code, made.stderr).toBe(0);
    }
    expect(readdirSync(out)).toEqual(["shards"]);
    const merged = await tag2mask("merge", out);
    expect(merged.code, merged.stderr).toBe(0);
    expect(treeOf(out)).toEqual(treeOf(whole));
    expect(merged.stdout).toBe(one.stdout.replaceAll(whole, out));
    if (kind === "scores") expect(merged.stdout).toContain("number the classes in another order");
    const told = linesOf(one.stderr).filter((line) => /left out|not counted/.test(line));
    expect(told.length).toBeGreaterThan(0);
    for (const line of told) expect(linesOf(merged.stderr)).toContain(line);
    expect((await tag2mask("merge", out)).stdout).toContain("has no shards any more");
  });
});

test("shards of single images give the same scores and the same worst images", async () => {
  const { code, stdout } = await evaluate("masks", ...alone(1));
  expect(code).toBe(0);
  expect(stdout).toMatch(/its 15 shards are complete; 12 images measured in .* s, 3 left out/);
  expect(stdout).toMatch(/warning: none of the 3 images of shards 2, 6, 12 could be used/);
  expect(await tag2mask("merge", out, "--keep-shards")).toMatchObject({ code: 0 });
  expect(existsSync(shard(3))).toBe(true);
  rmSync(join(out, "shards"), { recursive: true });
  expect(treeOf(out)).toEqual(treeOf(wholeMasks));
});

test("a part is never passed off as the whole", async () => {
  await evaluate("masks", ...alone(5));
  rmSync(shard(1), { recursive: true });
  const early = await tag2mask("merge", out);
  expect([early.code, early.stderr]).toMatchObject([
    3,
    expect.stringContaining("1 of 3 shards is missing: 1"),
  ]);
  expect(readdirSync(out)).toEqual(["shards"]);
  const part = await tag2mask("merge", out, "--allow-missing");
  expect(part.code).toBe(0);
  const warning = "only a part is measured: 10 of 15 images; 1 of 3 shards is missing";
  expect(part.stdout).toContain(`warning: ${warning}`);
  const { warnings } = JSON.parse(await nodeHost.store.readText(join(out, "metrics.json"))) as {
    warnings: string[];
  };
  expect(warnings[0]).toBe(warning);
  // The shards are still there, and the missing one makes them complete.
  await evaluate("masks", ...alone(5));
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(treeOf(wholeMasks));
});

test("a shard that is not as it was written is named, with what to do", async () => {
  await evaluate("masks", ...alone(5));
  const [picture] = readdirSync(join(shard(0), "worst"));
  writeFileSync(join(shard(0), "worst", picture!), "damaged");
  const { code, stderr } = await tag2mask("merge", out);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `${shard(0)}: worst/${picture} is missing or damaged; remove this folder`,
  );
  rmSync(shard(0), { recursive: true });
  await evaluate("masks", ...alone(5));
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
});

/** Makes shards of masks until so many are measured; counts the masks that it reads. */
async function measureTask(stopAfter = Infinity) {
  let decoded = 0;
  const { codec } = nodeHost;
  const decodeLabels = (file: string) => {
    if (file.startsWith(predicted)) decoded++;
    return codec.decodeLabels(file);
  };
  const controller = new AbortController();
  const events: CompareMasksEvent[] = [];
  const shards = { shardSize: 5, task: 0, tasks: 1 };
  const job = { masks: predicted, truth: join(data, "masks"), worst: 3, out, shards };
  const host = { ...nodeHost, codec: { ...codec, decodeLabels } };
  for await (const event of compareMasks(host, job, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "progress" && event.done === stopAfter) controller.abort();
  }
  return { last: events.at(-1)!, decoded };
}

test("a task that is stopped in the middle of a shard goes on there, to the same bytes", async () => {
  expect((await measureTask(8)).last).toMatchObject({
    type: "stopped",
    done: 8,
    total: 15,
    task: 0,
  });
  expect(existsSync(shard(0))).toBe(true);
  expect(existsSync(shard(1))).toBe(false);
  const rest = await measureTask();
  expect(rest.last).toMatchObject({ type: "task-done", missing: 0 });
  // Those after the eighth, and the one that could not be measured.
  expect(rest.decoded).toBe(8);
  // As if the process had ended just before it could give the shard its name.
  cpSync(shard(1), join(out, "shards", ".shard-00001"), { recursive: true });
  rmSync(shard(1), { recursive: true });
  expect((await measureTask()).decoded).toBe(0);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(treeOf(wholeMasks));
});

test("a merge that was killed while it removed the shards is finished by the next one", async () => {
  await evaluate("masks", ...alone(5));
  await tag2mask("merge", out, "--keep-shards");
  await markMerged(nodeHost.store, out, { type: "merged-already", out });
  rmSync(shard(0), { recursive: true });
  const { code, stdout } = await tag2mask("merge", out);
  expect(code).toBe(0);
  expect(stdout).toContain(`${out} is complete and has no shards any more`);
  expect(treeOf(out)).toEqual(treeOf(wholeMasks));
});

test("of two attempts at the shards of one task, each mask is measured once, and both end well", async () => {
  const both = await Promise.all([measureTask(), measureTask()]);
  for (const { last } of both) expect(last).toMatchObject({ type: "task-done", missing: 0 });
  expect(both[0].decoded + both[1].decoded).toBe(15);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(treeOf(wholeMasks));
});

test("tasks with other settings, other images or another kind of evaluation are refused with both values", async () => {
  await evaluate("masks", ...alone(5));
  const other = await evaluate("masks", ...alone(6), "--worst", "2");
  expect([other.code, other.stderr]).toMatchObject([
    2,
    expect.stringContaining("worst was 3, is 2; shardSize was 5, is 6"),
  ]);
  const list = at("list.txt");
  writeFileSync(list, "scene-0001\nscene-0004\n");
  const fewer = await evaluate("masks", ...alone(5), "--list", list);
  expect(fewer.stderr).toMatch(/images was "15 \(\w+\)", is "2 \(\w+\)"/);
  const scores = await evaluate("scores", ...alone(5));
  expect(scores.stderr).toContain('job was "eval of masks", is "eval"');
});

test("shards want a folder, and no --overwrite", async () => {
  const size = ["--shard-size", "5", "--tasks", "1"];
  const nowhere = await evaluate("masks", ...size);
  expect([nowhere.code, nowhere.stderr]).toMatchObject([2, expect.stringContaining("--out")]);
  expect((await evaluate("masks", ...alone(5), "--overwrite")).code).toBe(2);
  expect(existsSync(out)).toBe(false);
});

test("all damaged shards of scores are told together", async () => {
  await evaluate("masks", ...alone(5));
  for (const number of [0, 2]) rmSync(join(shard(number), "images.jsonl"));
  const { code, stderr } = await tag2mask("merge", out);
  expect(code).toBe(1);
  expect(stderr).toContain("2 of 3 shards are damaged: 0, 2; shard-00000: images.jsonl is missing");
  expect(readdirSync(out)).toEqual(["shards"]);
});
