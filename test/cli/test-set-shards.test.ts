import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markedResult } from "../../src/files/shards/merge-mark.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { evaluateModel, type EvaluateEvent } from "../../src/jobs/evaluate.ts";
import { mergeShards } from "../../src/jobs/merge.ts";
import { writeMiniVoc } from "../files/datasets/trees.ts";
import { writeCheckpoint, writeVocCheckpoint } from "../jobs/exported-model.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [scenes, voc, model, vocModel] = [at("scenes"), at("voc"), at("model.safetensors"), at("voc.safetensors")]; // prettier-ignore
const [out, whole] = [at("out"), at("whole")];
const shard = (number: number) => join(out, "shards", `shard-0000${number}`);
const vocTree = "results/VOC2012/Segmentation/comp6_test_cls";

beforeAll(async () => {
  await fewScenes(scenes);
  // The network has one class more.
  appendFileSync(join(scenes, "classes.txt"), "pebble\n");
  rmSync(join(scenes, "masks"), { recursive: true });
  writeCheckpoint(model);
  const { name } = (await writeMiniVoc(voc)).find(({ split }) => split === "test")!;
  for (const more of ["2008_000001", "2008_000002", "2008_000003"]) {
    copyFileSync(join(voc, `JPEGImages/${name}.jpg`), join(voc, `JPEGImages/${more}.jpg`));
    appendFileSync(join(voc, "ImageSets/Segmentation/test.txt"), `${more}\n`);
  }
  writeVocCheckpoint(vocModel);
});
beforeEach(() => [out, whole].forEach((path) => rmSync(path, { recursive: true, force: true })));

const common = ["--device", "cpu", "--long-side", "64"];
const sets = {
  plain: ["--model", model, "--data", scenes, "--split", "train", ...common],
  voc: ["--model", vocModel, "--data", voc, "--split", "test", ...common],
};
const predict = (set: keyof typeof sets, ...options: string[]) =>
  tag2mask("eval", ...sets[set], ...options);
const task = (size: number, number = 0, tasks = 1) => [
  ...["--out", out, "--shard-size", String(size), "--task", String(number)],
  ...["--tasks", String(tasks)],
];

/** What one process writes. */
const known = new Map<keyof typeof sets, { tree: ReturnType<typeof treeOf>; stdout: string }>();
async function atOnce(set: keyof typeof sets) {
  if (!known.has(set)) {
    const { code, stdout, stderr } = await predict(set, "--out", whole);
    expect(code, stderr).toBe(0);
    known.set(set, { tree: treeOf(whole), stdout: stdout.replaceAll(whole, out) });
  }
  return known.get(set)!;
}

describe.each([
  ["plain masks", "plain", 5, "masks"],
  ["the tree of VOC's server", "voc", 2, vocTree],
] as const)("predictions in shards: %s", (_, set, size, inside) => {
  test("of two tasks, merged, are those of one process, byte for byte and word for word", async () => {
    const { tree, stdout } = await atOnce(set);
    for (const number of [1, 0]) {
      const made = await predict(set, ...task(size, number, 2));
      expect(made.code, made.stderr).toBe(0);
      expect(made.stdout).toMatch(/its \d shards? (is|are) complete; \d+ masks? in/);
    }
    expect(readdirSync(out)).toEqual(["shards"]);
    const merged = await tag2mask("merge", out);
    expect(merged.code, merged.stderr).toBe(0);
    expect(treeOf(out)).toEqual(tree);
    expect(merged.stdout).toBe(stdout);
    expect((await tag2mask("merge", out)).stdout).toContain("has no shards any more");
    const again = await predict(set, ...task(size));
    expect([again.code, again.stderr]).toMatchObject([
      1,
      expect.stringContaining("is complete already, and has no shards"),
    ]);
  });

  test("a part of them is told to be one, and becomes the whole with the rest", async () => {
    const { tree } = await atOnce(set);
    await predict(set, ...task(size));
    rmSync(shard(1), { recursive: true });
    expect((await tag2mask("merge", out)).code).toBe(3);
    const part = await tag2mask("merge", out, "--allow-missing");
    expect(part.code).toBe(0);
    expect(part.stdout).toContain("a server wants all");
    expect(part.stdout).not.toContain("tar -czf");
    expect(readdirSync(join(out, inside)).length).toBe(Object.keys(tree).filter((path) => path.startsWith(inside)).length - size); // prettier-ignore
    await predict(set, ...task(size));
    expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
    expect(treeOf(out)).toEqual(tree);
  });

  test("a shard whose list was changed is not merged", async () => {
    await predict(set, ...task(size));
    const list = join(shard(0), "images.jsonl");
    writeFileSync(list, readFileSync(list, "utf8").replace('"ledger":[]', '"ledger":[ ]'));
    const { code, stderr } = await tag2mask("merge", out);
    expect([code, stderr]).toMatchObject([1, expect.stringContaining("images.jsonl is damaged")]);
    expect(readdirSync(out)).toEqual(["shards"]);
  });
});

test("a shard without all of its masks is not complete: the others are made, and the same command ends it", async () => {
  const { tree } = await atOnce("voc");
  const broken = join(voc, "JPEGImages/2008_000001.jpg");
  const data = readFileSync(broken);
  // Its header can be read, by which the data set takes it for an image.
  writeFileSync(broken, data.subarray(0, data.length / 2));
  const first = await predict("voc", ...task(2));
  expect(first.code).toBe(1);
  expect(first.stderr).toContain("no mask: ");
  expect(first.stderr).toMatch(
    /: 1 of 5 images of this task has no mask; a server wants all: .*2008_000001.*; shard 1 is not complete; start the task again once they can be read/,
  );
  expect(readdirSync(join(out, "shards")).sort()).toEqual([".shard-00001", "plan.json", "shard-00000", "shard-00002"]); // prettier-ignore
  const early = await tag2mask("merge", out);
  expect([early.code, early.stderr]).toMatchObject([3, expect.stringContaining("1 of 3 shards is missing: 1")]); // prettier-ignore
  writeFileSync(broken, data);
  const again = await predict("voc", ...task(2));
  expect(again.code, again.stderr).toBe(0);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(tree);
});

/** Makes shards until so many images are done; counts the images that it reads. */
async function predictUntil(stopAfter = Infinity) {
  let decoded = 0;
  const { codec } = nodeHost;
  const decode: typeof codec.decode = (file, options) => {
    decoded++;
    return codec.decode(file, options);
  };
  const controller = new AbortController();
  const events: EvaluateEvent[] = [];
  const shards = { shardSize: 2, task: 0, tasks: 1 };
  const job = { model: vocModel, device: "cpu", data: voc, split: "test", longSide: 64, cam: true, worst: 24, out, shards } as const; // prettier-ignore
  const host = { ...nodeHost, codec: { ...codec, decode } };
  for await (const event of evaluateModel(host, job, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "progress" && event.done === stopAfter) controller.abort();
  }
  return { last: events.at(-1)!, decoded };
}

test("a task that is stopped in the middle of a shard goes on there, to the same bytes", async () => {
  const { tree } = await atOnce("voc");
  const stopped = await predictUntil(3);
  expect(stopped.last).toMatchObject({ type: "stopped", done: 3, total: 5, task: 0 });
  expect(existsSync(shard(0))).toBe(true);
  expect(existsSync(shard(1))).toBe(false);
  const rest = await predictUntil();
  expect(rest.last).toMatchObject({ type: "task-done", missing: 0 });
  expect(rest.decoded).toBe(2);
  // As if the process had ended just before it could give the shard its name.
  cpSync(shard(1), join(out, "shards", ".shard-00001"), { recursive: true });
  rmSync(shard(1), { recursive: true });
  expect((await predictUntil()).decoded).toBe(0);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(tree);
});

test("of two attempts at the shards of one task each image is predicted once", async () => {
  const { tree } = await atOnce("voc");
  const both = await Promise.all([predictUntil(), predictUntil()]);
  for (const { last } of both) expect(last).toMatchObject({ type: "task-done", missing: 0 });
  expect(both[0].decoded + both[1].decoded).toBe(5);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(tree);
});

test("a merge that was killed while it removed the shards is finished by the next one", async () => {
  const { tree, stdout } = await atOnce("voc");
  await predict("voc", ...task(2));
  for await (const event of mergeShards(nodeHost, { out })) {
    if (event.type === "progress" && event.stage === "removal") break;
  }
  expect(await markedResult(nodeHost.store, out)).toMatchObject({ type: "predicted" });
  expect((await tag2mask("merge", out)).stdout).toBe(stdout);
  expect(treeOf(out)).toEqual(tree);
});

test("shards of another split, or of images that have a truth, do not get into the same folder", async () => {
  await predict("voc", ...task(2));
  const other = await predict("voc", ...task(2), "--flip");
  expect([other.code, other.stderr]).toMatchObject([2, expect.stringContaining("flip was null, is true")]); // prettier-ignore
  const scores = await predict("voc", ...task(2), "--split", "val");
  expect([scores.code, scores.stderr]).toMatchObject([2, expect.stringContaining('job was "predictions", is "eval"')]); // prettier-ignore
});
