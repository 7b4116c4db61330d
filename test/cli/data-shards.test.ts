import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lockFile } from "../../src/files/run/files.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeMask } from "../../src/host/node/images/codec.ts";
import { inspectInShards, type InspectShardsEvent } from "../../src/jobs/data-shards.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
/** Nothing in `data` keeps a training from starting, but much is to be told; `broken` has errors, `unsplit` no splits. */
const [data, broken, unsplit, coco] = ["data", "broken", "unsplit", "coco"].map(at) as [string, string, string, string]; // prettier-ignore
const out = at("out");
const shard = (number: number) => join(out, "shards", `shard-0000${number}`);
const scene = (number: number) => `scene-${String(number).padStart(4, "0")}.png`;

beforeAll(async () => {
  await fewScenes(data);
  const mask = (root: string, number: number, side: number, label: number) =>
    writeMask(join(root, "masks", scene(number)), {
      ...{ width: side, height: side, data: new Uint8Array(side * side).fill(label) },
    });
  // The header of one image cannot be read, nor the pixels of another.
  writeFileSync(join(data, "images", scene(4)), "no image");
  truncateSync(join(data, "images", scene(8)), 900);
  rmSync(join(data, "masks", scene(10)));
  await mask(data, 3, 64, 255);
  await mask(data, 12, 64, 1);
  // An image in two lines, one that is not there, one without tags and a class without images.
  appendFileSync(join(data, "tags.csv"), `${scene(2)},ball,train\nno.png,ball,train\n`);
  cpSync(join(data, "images", scene(5)), join(data, "images/more.png"));
  appendFileSync(join(data, "tags.csv"), "more.png,,train\n");
  appendFileSync(join(data, "classes.txt"), "pebble\n");

  cpSync(data, broken, { recursive: true });
  await mask(broken, 5, 63, 1);
  await mask(broken, 6, 64, 9);
  writeFileSync(join(broken, "masks", scene(7)), "no mask");
  const tags = readFileSync(join(broken, "tags.csv"), "utf8");
  writeFileSync(join(broken, "tags.csv"), tags.replace(/^(scene-0004.png),.*,/m, "$1,pebble,"));

  cpSync(data, unsplit, { recursive: true });
  const rows = readFileSync(join(data, "tags.csv"), "utf8").split("\n");
  const bare = rows.map((row) => row.split(",").slice(0, 2).join(","));
  writeFileSync(join(unsplit, "tags.csv"), bare.join("\n").replace("ball", "Ball"));
  rmSync(join(unsplit, "classes.txt"));
  writeCoco();
});
beforeEach(() => rmSync(out, { recursive: true, force: true }));

/** Outlines as masks, two of which cannot be drawn. */
function writeCoco(): void {
  const images = Array.from({ length: 4 }, (_, i) => ({ id: i, file_name: scene(i + 1), width: 64, height: 64 })); // prettier-ignore
  const annotations = images.map(({ id }) => ({
    ...{ id: id + 1, image_id: id, category_id: 1, iscrowd: 0, area: 9, bbox: [8, 8, 9, 9] },
    segmentation: id % 2 === 0 ? [[8, 8, 20, 8, 20, 20]] : { size: [64, 64], counts: [9, 9] },
  }));
  mkdirSync(join(coco, "annotations"), { recursive: true });
  cpSync(join(data, "images"), join(coco, "train"), { recursive: true });
  const text = JSON.stringify({ images, annotations, categories: [{ id: 1, name: "ball" }] });
  writeFileSync(join(coco, "annotations/instances_train.json"), text);
}

const inspect = (root: string, ...options: string[]) => tag2mask("data", root, ...options);
const sizeOf = (size: number, tasks = 1) => [
  ...["--out", out, "--shard-size", String(size), "--tasks", String(tasks)],
];

async function inspectInTasks(root: string, size: number, ...options: string[]): Promise<void> {
  for (const task of ["1", "0"]) {
    const made = await inspect(root, ...options, ...sizeOf(size, 2), "--task", task);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toContain(`task ${task} of 2: its`);
  }
}

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)!;
/** What the last line says, whichever command it is of. */
const complaint = (stderr: string) => /^tag2mask \w+: (.*)$/.exec(lastLine(stderr))?.[1];

describe.each<[string, () => string, number, string[], RegExp]>([
  ["with warnings", () => data, 0, [], /class "pebble" has no images/],
  ["with errors", () => broken, 1, [], /4 errors/],
  ["whose headers alone are read", () => broken, 1, ["--no-decode"], /3 errors/],
  ["without splits", () => unsplit, 0, ["--seed", "3", "--merge-case"], /held out by seed/],
  ["with outlines that cannot be drawn", () => coco, 1, [], /instances_train\.json.*\n/],
])("a data set %s", (_, root, code, options, says) => {
  test("has the same report in shards of two tasks, merged, as in one process", async () => {
    const one = await inspect(root(), ...options);
    expect([one.code, one.stdout]).toMatchObject([code, expect.stringMatching(says)]);
    await inspectInTasks(root(), 3, ...options);
    expect(readdirSync(out)).toEqual(["shards"]);
    const merged = await tag2mask("merge", out);
    expect(merged).toMatchObject({ code, stdout: one.stdout });
    expect(complaint(merged.stderr)).toBe(complaint(one.stderr));
    const programs = await inspect(root(), ...options, "--json");
    expect(treeOf(out)).toEqual({ "report.json": expect.any(String) as string });
    expect(readFileSync(join(out, "report.json"), "utf8")).toBe(firstLine(programs.stdout));
    expect((await tag2mask("merge", out)).stdout).toContain("has no shards any more");
  });
});

/** The report; a failure has a line of its own after it. */
function firstLine(text: string): string {
  return text.slice(0, text.indexOf("\n") + 1);
}

test("every kind of finding is among those that are compared", async () => {
  const { stdout } = await inspect(broken, "--json");
  const found = (JSON.parse(firstLine(stdout)) as { problems: { message: string }[] }).problems;
  const messages = found.map(({ message }) => message).join("\n");
  for (const kind of [
    ...[/left out$/m, /it will be skipped$/m, /mask is 63x63, but its image/, /mask has label 9/],
    ...[/class "pebble" has no image that can be read/, /mask shows "\w+"/, /is listed again/],
    ...[/has no tags/, /no labeled pixel/],
  ]) {
    expect(messages).toMatch(kind);
  }
});

test("programs get the report as the last line of a merge", async () => {
  await inspect(data, ...sizeOf(20));
  const merged = await tag2mask("merge", out, "--json", "--keep-shards");
  const lines = merged.stdout.trimEnd().split("\n");
  expect(JSON.parse(lines[0]!)).toEqual({
    ...{ out, shards: 1, missing: [], kept: true, file: join(out, "report.json") },
  });
  expect(`${lines[1]}\n`).toBe((await inspect(data, "--json")).stdout);
});

test("a task tells how many images cannot be used", async () => {
  const { stdout } = await inspect(data, ...sizeOf(20));
  expect(stdout).toMatch(
    /task 0 of 1: its 1 shard is complete; 15 images inspected in .* s, 2 left out\n/,
  );
  rmSync(out, { recursive: true });
  const lines = (await inspect(data, ...sizeOf(20), "--json")).stdout.trimEnd().split("\n");
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ inspected: 15, skipped: 2, missing: 0 });
});

interface TaskOptions {
  readonly place?: string;
  /** The scene at which the task is told to stop. */
  readonly stopAt?: number;
  /** Called at that moment. */
  readonly onStop?: () => void;
}

/** Makes shards of six images, two of which are looked at at a time; counts those that are decoded. */
async function inspectTask({ place = out, stopAt, onStop }: TaskOptions = {}) {
  let decoded = 0;
  const controller = new AbortController();
  const { codec, machine } = nodeHost;
  const decode: typeof codec.decode = (source, options) => {
    decoded++;
    if (stopAt !== undefined && (source as string).endsWith(scene(stopAt))) {
      onStop?.();
      controller.abort();
    }
    return codec.decode(source, options);
  };
  const one = { ...machine, cores: 1 };
  const host = { ...nodeHost, codec: { ...codec, decode }, machine: one };
  const events: InspectShardsEvent[] = [];
  const shards = { shardSize: 6, task: 0, tasks: 1 };
  const job = { data, out: place, shards, decode: true, seed: 0 };
  for await (const event of inspectInShards(host, job, { signal: controller.signal })) {
    events.push(event);
  }
  return { last: events.at(-1)!, decoded };
}

/** Images whose header can be read. */
const decodable = 16;

test("a task that is stopped in the middle of a shard goes on there", async () => {
  const stopped = await inspectTask({ stopAt: 9 });
  expect(stopped.last).toMatchObject({ type: "stopped", total: 17, out, task: 0 });
  expect([existsSync(shard(0)), existsSync(shard(1))]).toEqual([true, false]);
  const rest = await inspectTask();
  expect(rest.last).toMatchObject({ type: "task-done", missing: 0 });
  expect(stopped.decoded + rest.decoded).toBe(decodable);
  // As if the process had ended just before it could give the shard its name.
  cpSync(shard(1), join(out, "shards", ".shard-00001"), { recursive: true });
  rmSync(shard(1), { recursive: true });
  expect((await inspectTask()).decoded).toBe(0);
  expect((await tag2mask("merge", out)).stdout).toBe((await inspect(data)).stdout);
});

test("what a task had entered before it was killed is not looked at again", async () => {
  const killed = at("killed");
  const entered = (root: string) =>
    readFileSync(join(root, "shards/.shard-00001/.unfinished/journal.jsonl"), "utf8");
  await inspectTask({ stopAt: 10, onStop: () => cpSync(out, killed, { recursive: true }) });
  rmSync(join(killed, "shards/.shard-00001/.unfinished", lockFile), { recursive: true });
  // The last line was cut short.
  const journal = entered(killed);
  const lines = journal.split("\n").length - 1;
  expect(lines).toBeGreaterThanOrEqual(2);
  writeFileSync(
    join(killed, "shards/.shard-00001/.unfinished/journal.jsonl"),
    journal.slice(0, -5),
  );
  const rest = await inspectTask({ place: killed });
  expect(rest.last).toMatchObject({ type: "task-done", missing: 0 });
  expect(rest.decoded).toBe(17 - 6 - (lines - 1));
  expect((await tag2mask("merge", killed)).stdout).toBe((await inspect(data)).stdout);
});

test("of two attempts at the shards of one task, each image is decoded once, and both end well", async () => {
  const both = await Promise.all([inspectTask(), inspectTask()]);
  for (const { last } of both) expect(last).toMatchObject({ type: "task-done", missing: 0 });
  expect(both[0].decoded + both[1].decoded).toBe(decodable);
  expect((await tag2mask("merge", out)).stdout).toBe((await inspect(data)).stdout);
});

test("a part is never passed off as the whole, and what was not looked at is not called broken", async () => {
  await inspect(broken, ...sizeOf(3));
  rmSync(shard(1), { recursive: true });
  const early = await tag2mask("merge", out);
  expect([early.code, early.stderr]).toMatchObject([
    3,
    expect.stringMatching(/1 of 6 shards is missing: 1; run task 0 of 1 again, --array=0/),
  ]);
  expect(readdirSync(out)).toEqual(["shards"]);
  const part = await tag2mask("merge", out, "--allow-missing");
  expect(part.code).toBe(1);
  expect(part.stdout).toContain(
    "only a part is inspected: 14 of 17 images; 1 of 6 shards is missing",
  );
  // Shard 1 has the image that cannot be read, and two of the wrong masks.
  expect(part.stdout).toMatch(/images +17,/);
  expect(part.stdout).toContain("1 error\n");
  // The shards are still there, and the missing one makes them complete.
  await inspect(broken, ...sizeOf(3));
  expect((await tag2mask("merge", out)).stdout).toBe((await inspect(broken)).stdout);
});

test("tags are written by the merge, and by none of its tasks", async () => {
  const [alone, together] = [at("alone.csv"), at("together.csv")];
  const { stdout } = await inspect(data, "--tags-out", alone);
  const task = await inspect(data, ...sizeOf(5), "--tags-out", together);
  expect([task.code, task.stderr]).toMatchObject([2, expect.stringContaining("tag2mask merge")]);
  await inspect(data, ...sizeOf(5));
  const merged = await tag2mask("merge", out, "--tags-out", together);
  expect(merged.stdout).toBe(stdout.replace(alone, together));
  expect(readFileSync(together, "utf8")).toBe(readFileSync(alone, "utf8"));
  rmSync(together);
  const late = await tag2mask("merge", out, "--tags-out", together);
  expect([late.code, late.stderr]).toMatchObject([
    1,
    expect.stringContaining(`tag2mask data <folder> --no-decode --tags-out ${together}`),
  ]);
});

test("a folder and its results can be moved together before the merge", async () => {
  for (const root of [broken, coco]) {
    const [from, to] = [at("here"), at("there")];
    mkdirSync(from);
    cpSync(root, join(from, "set"), { recursive: true });
    const options = [...sizeOf(4).slice(2), "--out", join(from, "out")];
    expect((await inspect(join(from, "set"), ...options)).code).toBe(0);
    renameSync(from, to);
    const merged = await tag2mask("merge", join(to, "out"));
    expect(merged.stdout).toBe((await inspect(join(to, "set"))).stdout);
    expect(merged.stdout).not.toContain(from);
    rmSync(to, { recursive: true });
  }
});

test("a report names the data set as the tasks were given it, or else where the merge finds it", async () => {
  const before = process.cwd();
  try {
    process.chdir(folder);
    const one = await inspect("broken");
    expect((await inspect("broken", ...sizeOf(20))).code).toBe(0);
    expect((await tag2mask("merge", out, "--keep-shards")).stdout).toBe(one.stdout);
    process.chdir(at("coco"));
    const elsewhere = await tag2mask("merge", out, "--keep-shards");
    expect(elsewhere.stdout).toBe((await inspect(broken)).stdout);
  } finally {
    process.chdir(before);
  }
});

test("tasks and merges of another data set, or with other options, are refused with both values", async () => {
  await inspect(data, ...sizeOf(5));
  const other = await inspect(data, ...sizeOf(6), "--seed", "1", "--no-decode", "--merge-case");
  expect([other.code, other.stderr]).toMatchObject([
    2,
    expect.stringContaining(
      "decode was true, is false; seed was 0, is 1; mergeCase was false, is true; shardSize was 5, is 6",
    ),
  ]);
  const foreign = await inspect(broken, ...sizeOf(5));
  expect([foreign.code, foreign.stderr]).toMatchObject([
    2,
    expect.stringMatching(/data was "\.\.\/data", is "\.\.\/broken"; images was "17 \(\w+\)", is/),
  ]);
  // The same images, and one in another split.
  const tags = join(data, "tags.csv");
  const text = readFileSync(tags, "utf8");
  writeFileSync(tags, text.replace(",val", ",test"));
  try {
    const changed = await inspect(data, ...sizeOf(5));
    expect(changed.stderr).toMatch(/images was "17 \(\w+\)", is "17 \(\w+\)"/);
    const merged = await tag2mask("merge", out);
    expect([merged.code, merged.stderr]).toMatchObject([
      1,
      expect.stringMatching(/data: is not the data set that the tasks have inspected: images was/),
    ]);
    expect(readdirSync(out)).toEqual(["shards"]);
  } finally {
    writeFileSync(tags, text);
  }
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
});

test("a shard that is not as it was written is named, with the task that makes it", async () => {
  await inspect(data, ...sizeOf(5));
  const list = join(shard(1), "images.jsonl");
  writeFileSync(list, readFileSync(list, "utf8").replace('"width":64', '"width":65'));
  const { code, stderr } = await tag2mask("merge", out);
  expect(code).toBe(1);
  expect(stderr).toMatch(/shard-00001: images\.jsonl is missing or damaged; .*run task 0 of 1/);
  rmSync(shard(1), { recursive: true });
  await inspect(data, ...sizeOf(5));
  expect(await tag2mask("merge", out)).toMatchObject({ code: 0 });
});

test("shards want a folder, a number and images", async () => {
  const wrong: [string[], string][] = [
    [["--shard-size", "5", "--tasks", "1"], "--out"],
    [["--out", out], "--shard-size"],
    [["--tasks", "2", "--task", "0"], "--shard-size"],
    [sizeOf(5, 2), "--task"],
  ];
  for (const [options, named] of wrong) {
    const { code, stderr } = await inspect(data, ...options);
    expect([code, stderr]).toMatchObject([2, expect.stringContaining(named)]);
  }
  const empty = at("empty");
  mkdirSync(join(empty, "images"), { recursive: true });
  writeFileSync(join(empty, "tags.csv"), "file,tags\n");
  const { code, stderr } = await inspect(empty, ...sizeOf(5));
  expect([code, stderr]).toMatchObject([
    1,
    expect.stringMatching(/no images.*leave --shard-size out/),
  ]);
  expect(existsSync(out)).toBe(false);
});
