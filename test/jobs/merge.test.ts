import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { maskFormats } from "../../src/files/formats/formats.ts";
import { jobText } from "../../src/files/formats/journal.ts";
import { planFile, shardFolder, type PlannedMasks } from "../../src/files/shards/plan.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import { mergeShards, type MergeJob } from "../../src/jobs/merge.ts";
import type { MergeDoneEvent, MergeEvent } from "../../src/jobs/merge-events.ts";
import { withFaultyFiles } from "../faulty-files.ts";
import {
  contents,
  copyOf,
  images,
  writeAtOnce,
  writeImages,
  writeShards,
  type ShardedJob,
} from "../files/shards/write-shards.ts";

let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "merge-"));
  await writeImages(join(root, "images"), images);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

let count = 0;
const fresh = (): string => join(root, `out-${count++}`);

function jobOf(options: PlannedMasks, more: Partial<ShardedJob> = {}): ShardedJob {
  const folder = join(root, "images");
  return { images, folder, options: { overlays: false, ...options }, ...more };
}

function merge(out: string, options: Partial<MergeJob> = {}): Promise<MergeDoneEvent> {
  return outcomeOf(mergeShards(nodeHost, { out, ...options }), "done");
}

const everything: PlannedMasks = { format: maskFormats, overlays: true, sheet: true };

describe("merged shards are, byte for byte, what one run writes", () => {
  test.each<[string, PlannedMasks]>([
    ...maskFormats.map((format): [string, PlannedMasks] => [format, { format: [format] }]),
    ["voc2012", { format: ["voc"], layout: "voc2012", sheet: true }],
    ["polygons of classes", { format: ["coco"], shapes: "polygon", instances: "classes" }],
    ["coco with pictures", { format: ["coco"], overlays: true, sheet: true }],
  ])("%s", async (_, options) => {
    const [whole, out] = [fresh(), fresh()];
    const lost = await writeAtOnce(whole, jobOf(options));
    await writeShards(out, jobOf(options), 3);
    const done = await merge(out);
    expect(contents(out)).toEqual(contents(whole));
    expect(done).toMatchObject({ masks: 6, skipped: 1, lost, shards: 3, missing: [] });
    expect(done).toMatchObject({ lacking: ["c"], lackingInAll: 1 });
    expect(done.leftOut).toEqual(["broken.png: cut short"]);
  });

  test("all formats together with pictures and the sheet, in shards of any size", async () => {
    const whole = fresh();
    const lost = await writeAtOnce(whole, jobOf(everything));
    const expected = contents(whole);
    expect(Object.keys(expected)).toContain("contact-sheet.html");
    expect(Object.keys(expected)).toContain(".tag2mask.jsonl");
    for (const size of [1, 3, images.length]) {
      const out = fresh();
      await writeShards(out, jobOf(everything), size);
      expect((await merge(out)).lost).toEqual(lost);
      expect(contents(out)).toEqual(expected);
    }
  });
});

/** A folder of all formats in shards of 3, and what one run writes. */
async function shardsOfAll(options = everything): Promise<{ out: string; expected: object }> {
  const [whole, out] = [fresh(), fresh()];
  await writeAtOnce(whole, jobOf(options));
  await writeShards(out, jobOf(options), 3);
  return { out, expected: contents(whole) };
}

/** The files outside of the shards. */
function merged(out: string): object {
  const files = Object.entries(contents(out));
  return Object.fromEntries(files.filter(([path]) => !path.startsWith("shards/")));
}

test("a conversion has no confidences, and tells what reading and writing lost", async () => {
  const [whole, out] = [fresh(), fresh()];
  const job = jobOf({ format: ["yolo"] }, { job: "convert" });
  const lost = await writeAtOnce(whole, job);
  expect(lost).toEqual([{ what: "ignored pixels became background", images: 1 }]);
  await writeShards(out, job, 2);
  expect(await merge(out)).toMatchObject({ masks: 6, conversion: { objects: 6 }, lost });
  expect(contents(out)).toEqual(contents(whole));
});

test("files of images are links, and shards that are kept can be merged again", async () => {
  const { out, expected } = await shardsOfAll();
  expect((await merge(out, { keepShards: true })).kept).toBe(true);
  const inode = (path: string): number => statSync(path).ino;
  expect(inode(join(out, "voc/masks/a.png"))).toBe(
    inode(join(shardFolder(out, 0), "voc/masks/a.png")),
  );
  expect(merged(out)).toEqual(expected);
  expect((await merge(out)).replaced).toEqual({ removed: 0, changed: [], others: [] });
  expect(contents(out)).toEqual(expected);
  const again: MergeEvent[] = [];
  for await (const event of mergeShards(nodeHost, { out })) again.push(event);
  expect(again).toEqual([{ type: "merged-already", out }]);
});

describe("missing shards", () => {
  test("are refused before anything is written, with the tasks that make them", async () => {
    const out = fresh();
    await writeShards(out, jobOf({ format: ["voc"] }), 1);
    for (const shard of [1, 4, 5, 6]) rmSync(shardFolder(out, shard), { recursive: true });
    const before = contents(out);
    await expect(merge(out)).rejects.toMatchObject({
      message: `${out}: 4 of 7 shards are missing: 1, 4-6`,
      code: "missing-shards",
      remedies: [
        { kind: "tasks", tasks: [0, 1], of: 2 },
        { kind: "option", name: "allowMissing", purpose: "merges the others" },
      ],
    });
    expect(contents(out)).toEqual(before);
  });

  test("may be allowed; the others stay and are merged again with them", async () => {
    const { out, expected } = await shardsOfAll();
    const away = fresh();
    renameSync(shardFolder(out, 1), away);
    const done = await merge(out, { allowMissing: true });
    expect(done).toMatchObject({ shards: 2, missing: [1], kept: true, masks: 4 });
    const list = readFileSync(join(out, "classes.json"), "utf8");
    expect(list).toContain("dog: small");
    const coco = JSON.parse(readFileSync(join(out, "coco/instances.json"), "utf8")) as {
      images: { id: number }[];
      annotations: { id: number }[];
    };
    expect(coco.images.map(({ id }) => id)).toEqual([1, 2, 3, 7]);
    expect(coco.annotations.map(({ id }) => id)).toEqual(coco.annotations.map((_, i) => i + 1));
    renameSync(away, shardFolder(out, 1));
    await merge(out);
    expect(contents(out)).toEqual(expected);
  });

  test("all of them cannot be allowed", async () => {
    const out = fresh();
    await writeShards(out, jobOf({ format: ["voc"] }), 7);
    rmSync(shardFolder(out, 0), { recursive: true });
    await expect(merge(out, { allowMissing: true })).rejects.toThrow("1 of 1 shard is missing: 0");
  });
});

test("files of a merge with other shards go, unless they were changed", async () => {
  const out = fresh();
  await writeShards(out, jobOf({ format: ["voc"] }), 1);
  await merge(out, { keepShards: true });
  for (const shard of [1, 2]) rmSync(shardFolder(out, shard), { recursive: true });
  writeFileSync(join(out, "masks/c.png"), "changed");
  const { replaced } = await merge(out, { allowMissing: true });
  expect(replaced).toEqual({ removed: 1, changed: ["masks/c.png"], others: [] });
  expect(existsSync(join(out, "masks/trip"))).toBe(false);
});

describe("a damaged shard is named, with what to do, and the folder is not complete", () => {
  const change = (path: string, edit: (text: string) => string): ((shard: string) => void) => {
    return (shard) => {
      const file = join(shard, path);
      writeFileSync(file, edit(readFileSync(file, "latin1")), "latin1");
    };
  };
  test.each<[string, (shard: string) => void, string]>([
    ["a mask is missing", (shard) => rmSync(join(shard, "voc/masks/a-2.png")), "voc/masks/a-2.png is missing"],
    ["a mask is cut short", change("voc/masks/a-2.png", (text) => text.slice(0, 9)), "voc/masks/a-2.png has 9 bytes, expected "],
    ["the records are cut short", change("images.jsonl", (text) => text.slice(0, text.indexOf("\n") + 1)), "images.jsonl has 1 images, expected 3"],
    ["a record is damaged", change("images.jsonl", (text) => text.replace('"index":4', '"index":"4"')), "line 2 of images.jsonl is damaged"],
    ["a record is another's", change("images.jsonl", (text) => text.replace('"index":4', '"index":5')), "images.jsonl has image 5, expected 4"],
    ["a record lacks its facts", change("images.jsonl", (text) => text.replace('"tags"', '"tabs"')), "images.jsonl has no facts of image 3"],
    ["the list is cut short", change(".tag2mask.jsonl", (text) => text.slice(0, text.indexOf('{"path":"yolo/data'))), "is not listed in .tag2mask.jsonl"],
    ["the list lacks a file", change(".tag2mask.jsonl", (text) => text.replace(/\{"path":"overlays\/a-2.*\n/, "")), "files of its images, expected "],
    ["the list is missing", (shard) => rmSync(join(shard, ".tag2mask.jsonl")), ".tag2mask.jsonl is missing"],
    ["COCO's file is cut short", change("coco/instances.json", (text) => text.slice(0, 99)), "coco/instances.json is damaged"],
    ["a COCO annotation has another number", change("coco/instances.json", (text) => text.replace('{"id":2,', '{"id":3,')), "line 4 of coco/instances.json is damaged"],
    ["COCO's classes are others", change("coco/instances.json", (text) => text.replace('"name":"cat"', '"name":"cow"')), "the end of coco/instances.json is damaged"],
    ["Label Studio's classes are others", change("labelstudio/labelstudio.xml", (text) => text.replace("cat", "cow")), "labelstudio/labelstudio.xml is damaged"],
    ["the classes are others", change("classes.json", (text) => text.replace("cat", "cow")), "classes.json does not have the classes of the job"],
  ])("%s", async (_, damage, what) => {
    const out = copyOf(prepared, fresh());
    damage(shardFolder(out, 1));
    writeFileSync(join(out, "classes.json"), "the sign of an earlier merge");
    const problem = await merge(out).catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: "UserError", code: "damaged-shard" });
    expect((problem as Error).message).toContain(`${shardFolder(out, 1)}: `);
    expect((problem as Error).message).toContain(what);
    expect((problem as Error).message).toContain("remove this folder and make the shard again");
    expect(existsSync(join(out, "classes.json"))).toBe(false);
    expect(existsSync(join(out, ".unfinished"))).toBe(false);
  }); // prettier-ignore
});

test("shards none of whose images could be used are told", async () => {
  const out = fresh();
  const broken = images.map((image, i) => (i < 3 ? { ...image, error: "cut short" } : image));
  await writeShards(out, jobOf({ format: ["voc"] }, { images: broken }), 3);
  expect(await merge(out)).toMatchObject({ withoutMasks: [0] });
});

let prepared: string;
let complete: object;
beforeAll(async () => {
  ({ out: prepared, expected: complete } = await shardsOfAll());
});

test("a merge that is killed at any moment can be called again, and does not look complete before", async () => {
  const first = copyOf(prepared, fresh());
  const counting = { fault: "EROFS", at: Infinity, within: first } as const;
  const { operations } = await withFaultyFiles(counting, () => merge(first));
  expect(operations).toBeGreaterThan(100);
  for (let part = 1; part <= 14; part++) {
    const out = copyOf(prepared, fresh());
    // Nothing can be written or removed any more: what is on the disk is what a killed process leaves.
    const at = Math.floor((operations * part) / 15);
    const killed = await withFaultyFiles({ fault: "EROFS", at, lasting: true, within: out }, () => merge(out)); // prettier-ignore
    expect(killed.outcome.status).toBe("rejected");
    if (existsSync(join(out, "classes.json"))) {
      const files = Object.entries(merged(out)).filter(
        ([path]) => !path.startsWith(".unfinished/"),
      );
      expect(Object.fromEntries(files)).toEqual(complete);
    }
    expect((await merge(out)).masks).toBe(6);
    expect(contents(out)).toEqual(complete);
  }
});

test("a merge that is stopped leaves no part of a file, and all shards", async () => {
  const out = copyOf(prepared, fresh());
  const stop = new AbortController();
  const events: MergeEvent[] = [];
  for await (const event of mergeShards(nodeHost, { out }, { signal: stop.signal })) {
    events.push(event);
    if (event.type === "progress" && event.stage === "coco") stop.abort();
  }
  expect(events.at(-1)).toEqual({ type: "stopped", done: 7, total: 7, out });
  const paths = Object.keys(contents(out));
  expect(paths.filter((path) => /\.tmp$|unfinished|^coco|^classes/.test(path))).toEqual([]);
  await merge(out);
  expect(contents(out)).toEqual(complete);
});

test("two merges do not run at once", async () => {
  const out = copyOf(prepared, fresh());
  const first = mergeShards(nodeHost, { out });
  await first.next();
  await expect(merge(out)).rejects.toMatchObject({ code: "locked" });
  for await (const event of first) void event;
  expect(contents(out)).toEqual(complete);
});

test("too many images for one file stay in the shards, which are listed; all else is merged", async () => {
  const out = copyOf(prepared, fresh());
  const done = await merge(out, { mostInOneFile: 5 });
  const formats = ["coco", "labelstudio", "cvat"];
  expect(done).toMatchObject({ kept: true, index: { formats, file: join(out, "shards.json") } });
  const index = JSON.parse(readFileSync(join(out, "shards.json"), "utf8")) as {
    shards: { images: number; files: { format: string; path: string; size: number }[] }[];
  };
  expect(index.shards.map(({ images: own }) => own)).toEqual([3, 2, 1]);
  for (const { path, size } of index.shards.flatMap(({ files }) => files)) {
    expect(statSync(join(out, path)).size).toBe(size);
  }
  const files = merged(out);
  const alone = Object.entries(complete).filter(([path]) => !/^(coco|labelstudio|cvat)\/|^\.tag/.test(path)); // prettier-ignore
  expect(files).toMatchObject(Object.fromEntries(alone));
  expect(Object.keys(files).length).toBe(alone.length + 2);
});

test("shards of which no image could be used are told with the first reason", async () => {
  const out = fresh();
  const error = "x.png: cut short";
  const broken = images.slice(0, 3).map((image) => ({ ...image, error }));
  await writeShards(out, jobOf({ format: ["coco"] }, { images: broken }), 2);
  await expect(merge(out)).rejects.toThrow(`${error}; none of the 3 images can be used`);
});

test("shards are removed by the next merge where the last one was killed while it did that", async () => {
  const out = copyOf(prepared, fresh());
  for await (const event of mergeShards(nodeHost, { out })) {
    // The first shard is gone when its removal is told.
    if (event.type === "progress" && event.stage === "removal") break;
  }
  expect(existsSync(shardFolder(out, 0))).toBe(false);
  expect(await merge(out)).toMatchObject({ masks: 6, shards: 3, kept: false });
  expect(contents(out)).toEqual(complete);
});

test("a folder with another job that is unfinished is left as it is", async () => {
  const out = copyOf(prepared, fresh());
  const data = jobText({ settings: { job: "segment" } });
  await nodeHost.store.write([{ path: join(out, ".unfinished/job.json"), data }]);
  const before = contents(out);
  await expect(merge(out)).rejects.toThrow(/holds another job unfinished/);
  expect(contents(out)).toEqual(before);
});

test.each<[string, (out: string) => void, string]>([
  ["of an unknown job", (out) => writeFileSync(planFile(out), readFileSync(planFile(out), "utf8").replace('"job":"label"', '"job":"paint"')), 'is of the job "paint", whose shards this version cannot merge'],
  ["without a plan", (out) => rmSync(planFile(out)), "has no shards to merge"],
  ["that do not exist", (out) => rmSync(out, { recursive: true }), "no such folder"],
])("shards %s are refused", async (_, change, message) => {
  const out = fresh();
  await writeShards(out, jobOf({ format: ["voc"] }), 7);
  change(out);
  await expect(merge(out)).rejects.toThrow(message);
}); // prettier-ignore
