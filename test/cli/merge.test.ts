import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shardFolder } from "../../src/files/shards/plan.ts";
import { copyOf, images, writeImages, writeShards } from "../files/shards/write-shards.ts";
import { tag2mask } from "./terminal.ts";

let root: string;
let prepared: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "merge-"));
  const folder = join(root, "images");
  prepared = join(root, "prepared");
  await writeImages(folder, images);
  const options = { format: ["yolo", "voc"], overlays: false, sheet: true } as const;
  await writeShards(prepared, { images, folder, options }, 2);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

let count = 0;
const fresh = (): string => copyOf(prepared, join(root, `out-${count++}`));

test("merge says what it made, and then that there is nothing left to merge", async () => {
  const out = fresh();
  const { code, stdout } = await tag2mask("merge", out);
  expect(code).toBe(0);
  expect(stdout.replace(/in [\d.]+ s/, "in 1 s").split("\n")).toEqual([
    `6 masks of 4 shards in 1 s, 1 left out: ${out} (class names: ${join(out, "classes.json")})`,
    "left out broken.png: cut short",
    `1 of 6 masks without a pixel of one of their tags: c (column missing of ${join(out, "confidence.csv")})`,
    "in 1 of 6 masks: ignored pixels became background",
    `least sure first: ${join(out, "contact-sheet.html")}`,
    "",
  ]);
  expect(existsSync(join(out, "shards"))).toBe(false);
  const again = await tag2mask("merge", out);
  expect(again).toMatchObject({
    code: 0,
    stdout: `${out} is complete and has no shards any more\n`,
  });
});

test("missing shards are exit code 3 and the tasks to run again, as a list for a job array", async () => {
  const out = fresh();
  for (const shard of [1, 3]) rmSync(shardFolder(out, shard), { recursive: true });
  const { code, stdout, stderr } = await tag2mask("merge", out);
  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toBe(
    `tag2mask merge: ${out}: 2 of 4 shards are missing: 1, 3; ` +
      "run task 1 of 2 again, --array=1, or --allow-missing merges the others\n",
  );
  const json = await tag2mask("merge", out, "--json");
  expect(json.code).toBe(3);
  expect(
    json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { missing: [1, 3], of: 4, tasks: [1], ofTasks: 2, array: "--array=1" }, // prettier-ignore
    {
      type: "error",
      code: "missing-shards",
      message: stderr.trimEnd().replace("tag2mask merge: ", ""),
    },
  ]);
});

test("damaged shards are told to programs as those that are missing are", async () => {
  const out = fresh();
  for (const shard of [1, 2]) rmSync(join(shardFolder(out, shard), "images.jsonl"));
  const { code, stdout } = await tag2mask("merge", out, "--json");
  expect(code).toBe(1);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    { damaged: [1, 2], of: 4, tasks: [0, 1], ofTasks: 2, array: "--array=0-1" },
    { type: "error", code: "damaged-shard", message: expect.stringContaining("2 of 4 shards are damaged: 1-2") as string }, // prettier-ignore
  ]);
});

test("--allow-missing merges the others and says so; --keep-shards keeps them", async () => {
  const out = fresh();
  rmSync(shardFolder(out, 1), { recursive: true });
  const { code, stdout, stderr } = await tag2mask("merge", out, "--allow-missing");
  expect(code).toBe(0);
  expect(stderr).toContain("1 of 4 shards missing: 1\n");
  expect(stdout).toMatch(/^4 masks of 3 shards in /);
  expect(stdout).toContain(`the shards are still there: ${join(out, "shards")}\n`);
  const kept = fresh();
  const json = await tag2mask("merge", kept, "--keep-shards", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{ out: kept, masks: 6, skipped: 1, shards: 4, missing: [], kept: true },
    ...{ lacking: ["c"], lackingInAll: 1, leftOut: ["broken.png: cut short"] },
  });
  expect(existsSync(shardFolder(kept, 3))).toBe(true);
});
