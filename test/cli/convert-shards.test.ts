import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { maskFormats } from "../../src/files/formats/formats.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeImage } from "../../src/host/node/images/codec.ts";
import { convertMasks, type ConvertEvent } from "../../src/jobs/convert.ts";
import { awkwardMasks, writeAll } from "../files/formats/masks.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [out, whole] = [at("out"), at("whole")];
const [voc, coco, images] = [at("voc"), at("coco.json"), at("images")];
const strays = at("strays.json");
let zip: string;

/** COCO with what a division may stumble over: equal names, an image without annotations, losses of many kinds. */
function cocoFile(more: readonly [image: number, more: object][] = []): string {
  const size = { width: 8, height: 6 };
  const square = (x: number) => [[x, 0, x + 3, 0, x + 3, 3, x, 3]];
  const names = ["a.jpg", "a.png", "b.jpg", "sub/a.jpg", "c.jpg", "d.jpg", "bare.jpg", "bare.png"];
  const objects: [image: number, more: object][] = [
    [1, { segmentation: square(0) }],
    [2, { segmentation: square(4) }],
    [2, { segmentation: square(4), category_id: 2 }],
    [3, { segmentation: square(5) }],
    [4, { segmentation: square(1), iscrowd: 0 }],
    [5, { bbox: [1, 1, 3, 3] }],
    [6, { segmentation: { size: [6, 8], counts: [3, 9, 36] }, iscrowd: 1 }],
    [8, { segmentation: { size: [6, 8], counts: [3, 9, 36] }, category_id: 2 }],
    ...more,
  ];
  return JSON.stringify({
    images: names.map((file_name, i) => ({ id: i + 1, file_name, ...size })),
    categories: [
      { id: 1, name: "cat", supercategory: "" },
      { id: 2, name: "dog", supercategory: "" },
    ],
    annotations: objects.map(([image_id, more], i) => ({ id: i + 1, image_id, category_id: 1, iscrowd: 0, ...more })), // prettier-ignore
  });
}

beforeAll(async () => {
  writeFileSync(coco, cocoFile());
  writeFileSync(strays, cocoFile([[99, { bbox: [0, 0, 2, 2] }]]));
  const masks = awkwardMasks();
  await writeAll(voc, "voc", masks);
  // A mask that cannot be read, and another that lies beside it under nearly the same name.
  writeFileSync(join(voc, "masks", "broken.png"), "no mask");
  copyFileSync(join(voc, "masks", "nothing.png"), join(voc, "masks", "NOTHING.png"));
  zip = (await writeAll(at("cvat"), "cvat", masks)).path;
  for (const [name, { width, height }] of masks) {
    // One image is missing, and the notes tell.
    if (name === "one row") continue;
    const data = new Uint8Array(width * height * 3);
    await writeImage(join(images, `${name}.png`), { width, height, data });
  }
});
beforeEach(() => [out, whole].forEach((path) => rmSync(path, { recursive: true, force: true })));

const convert = (masks: string, ...options: string[]) =>
  tag2mask("convert", masks, "--to", maskFormats.join(","), ...options);

/** The shards of two tasks, the second one first. */
async function shards(size: number, masks: string, ...options: string[]): Promise<void> {
  for (const task of ["1", "0"]) {
    const numbers = ["--shard-size", String(size), "--task", task, "--tasks", "2", "--out", out];
    expect(await convert(masks, ...options, ...numbers)).toMatchObject({ code: 0 });
  }
}

/** What a command told of its results, without the places and the time. */
function told(stdout: string): object {
  const { from, to, masks, skipped, objects, lost, notes, warnings } = JSON.parse(
    stdout.trim().split("\n").at(-1)!,
  ) as Record<string, unknown>;
  return { from, to, masks, skipped, objects, lost, notes, warnings };
}

describe("shards of two tasks, merged, are what one conversion writes and tells, in all formats", () => {
  test.each<[string, number, () => string, readonly string[], object]>([
    ["of COCO", 3, () => coco, ["--classes", "dog,cat"], { skipped: 1, objects: 8, notes: [expect.stringContaining("classes matched by name")], warnings: [expect.stringContaining("without any annotation")] }], // prettier-ignore
    ["of COCO with objects of no image, one by one", 1, () => strays, [], { skipped: 1, lost: expect.arrayContaining([{ what: "annotations of an image that is not listed", images: 1 }]), warnings: [] }], // prettier-ignore
    ["of a folder of PNGs", 3, () => voc, ["--images", images], { skipped: 1, notes: [expect.stringMatching(/: lacks \d+ of the \d+ images/)], warnings: [expect.stringContaining("has no labeled pixel")] }], // prettier-ignore
    ["of a zip", 3, () => zip, ["--shapes", "polygon", "--instances", "classes"], { from: "cvat", skipped: 0 }], // prettier-ignore
  ])("%s", async (_, size, masks, options, expected) => {
    const atOnce = await convert(masks(), ...options, "--out", whole, "--json");
    expect(atOnce.code).toBe(0);
    expect(told(atOnce.stdout)).toMatchObject(expected);
    await shards(size, masks(), ...options);
    const merged = await tag2mask("merge", out, "--json");
    expect(merged.code).toBe(0);
    expect(told(merged.stdout)).toEqual(told(atOnce.stdout));
    expect(treeOf(out)).toEqual(treeOf(whole));
  });
});

test("the merge prints the lines of the conversion, and each task what it made", async () => {
  const { stdout } = await convert(coco, "--out", whole);
  await shards(3, coco);
  const lines = (text: string, path: string) =>
    text.replaceAll(path, "OUT").replace(/in [\d.]+ s/, "in 0 s").split("\n"); // prettier-ignore
  const merged = await tag2mask("merge", out);
  expect(lines(merged.stdout, out)).toEqual(expect.arrayContaining(lines(stdout, whole)));
  expect(lines(stdout, whole)[0]).toBe(`7 masks from coco to ${maskFormats.join(", ")} in 0 s, 1 left out: OUT`); // prettier-ignore
  expect(merged.stdout).toContain("--images <folder>");
});

test("notes and warnings name the source where it is when the shards are merged", async () => {
  const [project, moved] = [at("project"), at("moved")];
  cpSync(voc, join(project, "voc"), { recursive: true });
  cpSync(images, join(project, "images"), { recursive: true });
  const options = ["--shard-size", "4", "--tasks", "1", "--images", join(project, "images")];
  await convert(join(project, "voc"), ...options, "--out", join(project, "out"));
  renameSync(project, moved);
  const { code, stdout } = await tag2mask("merge", join(moved, "out"), "--json");
  expect(code).toBe(0);
  const { notes, warnings } = told(stdout) as { notes: string[]; warnings: string[] };
  expect([notes.length, warnings.length]).toEqual([1, 1]);
  expect(notes[0]).toContain(`${join(moved, "images")}: lacks 4 of the 11 images`);
  expect(warnings[0]).toContain(`${join(moved, "voc")}: `);
  expect(stdout).not.toContain(`${project}/voc:`);
});

test("a shard none of whose masks can be read is warned of", async () => {
  const broken = at("broken");
  mkdirSync(broken);
  for (const name of ["a", "b"]) writeFileSync(join(broken, `${name}.png`), "no mask");
  copyFileSync(join(voc, "masks", "one row.png"), join(broken, "c.png"));
  const options = ["--shard-size", "2", "--tasks", "1", "--classes", "w,x,y,z", "--out", out];
  const { code, stdout } = await convert(broken, ...options);
  expect(code).toBe(0);
  expect(stdout).toContain("warning: none of the 2 images of shard 0 could be used");
});

test("a task says what it made, and one that finds other masks is refused", async () => {
  const source = at("copy.json");
  copyFileSync(coco, source);
  const task = ["--shard-size", "3", "--tasks", "2", "--out", out, "--task"];
  const first = await convert(source, ...task, "0");
  expect(first.stdout).toMatch(
    /task 0 of 2: its 2 shards are complete; 4 masks in .* s, 1 left out/,
  );
  // Another time of change is that of a copy.
  utimesSync(source, 0, 0);
  expect(await convert(source, ...task, "1")).toMatchObject({ code: 0 });
  writeFileSync(source, readFileSync(source, "utf8").replace("c.jpg", "f.jpg"));
  const other = await convert(source, ...task, "1");
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/content was "SHA-256 \w+", is "SHA-256 \w+"; entries was "8 \(/);
});

test("a folder and its results can be moved together between two tasks", async () => {
  const [here, there] = [at("here"), at("there")];
  mkdirSync(here);
  cpSync(voc, join(here, "masks"), { recursive: true });
  const run = (root: string, task: string) =>
    convert(join(root, "masks"), "--out", join(root, "out"), "--shard-size", "6", "--task", task, "--tasks", "2"); // prettier-ignore
  expect(await run(here, "0")).toMatchObject({ code: 0 });
  cpSync(here, there, { recursive: true });
  expect(await run(there, "1")).toMatchObject({ code: 0 });
  expect(await tag2mask("merge", join(there, "out"))).toMatchObject({ code: 0 });
  await convert(voc, "--out", whole);
  expect(treeOf(join(there, "out"))).toEqual(treeOf(whole));
});

test("a single file and options of another format are refused before there is a plan", async () => {
  const task = ["--shard-size", "3", "--task", "0", "--tasks", "1"];
  const file = await tag2mask("convert", coco, "--to", "coco", "--out", `${out}.json`, ...task);
  expect(file).toMatchObject({ code: 2 });
  expect(file.stderr).toContain("not into a file; name a folder");
  const shape = await tag2mask("convert", coco, "--to", "yolo", "--shapes", "polygon", "--out", out, ...task); // prettier-ignore
  expect(shape).toMatchObject({ code: 2 });
  expect([out, `${out}.json`].filter((path) => existsSync(path))).toEqual([]);
});

/** Makes shards until a number of masks is done. */
async function convertUntil(task: number, stopAfter: number): Promise<ConvertEvent[]> {
  const controller = new AbortController();
  const events: ConvertEvent[] = [];
  const job = { masks: voc, to: maskFormats, instances: "regions", out, shards: { shardSize: 4, task, tasks: 2 } } as const; // prettier-ignore
  for await (const event of convertMasks(nodeHost, job, { signal: controller.signal })) {
    events.push(event);
    if (event.type === "progress" && event.done === stopAfter) controller.abort();
  }
  return events;
}

test("a task that is stopped goes on in the middle of a shard", async () => {
  await convert(voc, "--out", whole);
  expect((await convertUntil(0, 6)).at(-1)).toEqual({ type: "stopped", done: 6, total: 7, out });
  expect(readdirSync(join(out, "shards")).sort()).toEqual([".shard-00002", "plan.json", "shard-00000"]); // prettier-ignore
  expect((await convertUntil(0, Infinity)).at(-1)).toMatchObject({ type: "task-done", missing: 1 });
  await convertUntil(1, Infinity);
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(treeOf(whole));
});

test("of two attempts at one shard both end well", async () => {
  await convert(voc, "--out", whole);
  const attempts = await Promise.all([0, 0, 1].map((task) => convertUntil(task, Infinity)));
  for (const events of attempts) expect(events.at(-1)).toMatchObject({ type: "task-done" });
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
  expect(treeOf(out)).toEqual(treeOf(whole));
});
