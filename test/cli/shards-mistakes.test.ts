import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { markMerged } from "../../src/files/shards/merge-mark.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { writeCheckpoint } from "../jobs/exported-model.ts";
import { treeOf } from "../jobs/unfinished-masks.ts";
import { fewScenes, temporaryFolder } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const [images, model, made, out] = [at("images"), at("model.safetensors"), at("made"), at("my out")]; // prettier-ignore
const shards = join(out, "shards");
const common = ["--model", model, "--device", "cpu", "--no-overlays", "--no-sheet"];
const size = ["--shard-size", "3", "--tasks", "2"];
const segment = (...options: string[]) => tag2mask("segment", ...common, ...options);
const bothTasks = ["0", "1"].map((task) => [...size, "--task", task]);

beforeAll(async () => {
  await fewScenes(at("scenes"));
  mkdirSync(images);
  const scenes = readdirSync(at("scenes/images")).slice(0, 7);
  for (const name of scenes) copyFileSync(join(at("scenes/images"), name), join(images, name));
  writeCheckpoint(model);
  for (const task of bothTasks) await segment(images, "--out", made, ...task);
});
beforeEach(() => {
  rmSync(out, { recursive: true, force: true });
  cpSync(made, out, { recursive: true });
});

describe("what an operator may do to the shards", () => {
  test("a lost plan is not made anew for shards that may be those of another job", async () => {
    rmSync(join(shards, "plan.json"));
    const { code, stderr } = await segment(images, "--out", out, ...size, "--task", "0", "--flip");
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${shards}: has 3 shards of a job whose plan, ${join(shards, "plan.json")}, is gone; choose an empty or new folder`,
    );
    expect(existsSync(join(shards, "plan.json"))).toBe(false);
  });

  test("a lost list of images is told with what to do", async () => {
    rmSync(join(shards, "items.jsonl"));
    rmSync(join(shards, "shard-00001"), { recursive: true });
    const { stderr } = await segment(images, "--out", out, ...size, "--task", "1");
    expect(stderr).toContain("items.jsonl: is missing; begin the job again in an empty folder");
  });

  test.each([
    ["masks/scene-0004.png has 9 bytes", (at: string) => truncateSync(join(at, "masks", "scene-0004.png"), 9)], // prettier-ignore
    ["images.jsonl is missing", (at: string) => readdirSync(at).forEach((name) => rmSync(join(at, name), { recursive: true }))], // prettier-ignore
  ])("a damaged shard (%s) is told with the task that makes it", async (what, damage) => {
    damage(join(shards, "shard-00001"));
    const { code, stderr } = await tag2mask("merge", out);
    expect(code).toBe(1);
    expect(stderr).toContain(what);
    expect(stderr).toContain(
      "remove this folder and make the shard again; run task 1 of 2 again, --array=1",
    );
  });

  test("a task that is started again after the merge hears that nothing is left to do", async () => {
    await tag2mask("merge", out);
    const { code, stderr } = await segment(images, "--out", out, ...size, "--task", "0");
    expect(code).toBe(1);
    expect(stderr).toContain("is complete already, and has no shards: if it was merged, nothing is left to do"); // prettier-ignore
  });

  test("a task does not make shards again that a merge is removing", async () => {
    await tag2mask("merge", out, "--keep-shards");
    // As a merge leaves it that is killed while it removes the shards.
    await markMerged(nodeHost.store, out, { type: "done" });
    rmSync(join(shards, "shard-00000"), { recursive: true });
    const { code, stderr } = await segment(images, "--out", out, ...size, "--task", "0");
    expect(code).toBe(1);
    expect(stderr).toContain("is merged already, and its shards are being removed");
    expect(readdirSync(shards)).not.toContain("shard-00000");
  });

  test("other paths are told as they are seen from the results", async () => {
    const { code, stderr } = await segment(at("scenes/images"), "--out", out, ...size, "--task", "0"); // prettier-ignore
    expect(code).toBe(2);
    expect(stderr).toContain(`images was ["../images"], is ["../scenes/images"] (paths as seen from ${out})`); // prettier-ignore
  });
});

describe("a machine that cannot reach the images", () => {
  test("does not complete a shard without any, and goes on when it can", async () => {
    rmSync(join(shards, "shard-00001"), { recursive: true });
    renameSync(images, at("unmounted"));
    const without = await segment(images, "--out", out, ...size, "--task", "1");
    renameSync(at("unmounted"), images);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain("no such file; none of the 3 images of shard 1 is there, though all were when the job began"); // prettier-ignore
    expect(readdirSync(shards)).not.toContain("shard-00001");

    const again = await segment(images, "--out", out, ...size, "--task", "1");
    expect(again.stdout).toContain("its 1 shard is complete; 3 masks");
  });

  test("nor one whose command fails for each image", async () => {
    rmSync(out, { recursive: true });
    writeFileSync(at("names.txt"), readdirSync(images).join("\n"));
    const command = ["--input-command", `cat ${join(images, "{}")}`];
    const task = ["--out", out, ...size, "--task", "1"];
    renameSync(images, at("unmounted"));
    const without = await segment(at("names.txt"), ...command, ...task);
    renameSync(at("unmounted"), images);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain("the command gives none of the 3 images of shard 1, which is not kept"); // prettier-ignore
    expect(readdirSync(shards).sort()).toEqual(["items.jsonl", "plan.json"]);

    // The same arguments in another notation.
    const quoted = ["--input-command", `cat  "${join(images, "{}")}"`];
    const again = await segment(at("names.txt"), ...quoted, ...task);
    expect(again.stdout).toContain("its 1 shard is complete; 3 masks");
  });

  test("nor one of which no file is an image for it, as without a decoder, if the same is true of others", async () => {
    rmSync(join(shards, "shard-00001"), { recursive: true });
    const unreadable = at("unreadable");
    cpSync(images, unreadable, { recursive: true });
    for (const name of readdirSync(images)) writeFileSync(join(images, name), "another kind");
    const without = await segment(images, "--out", out, ...size, "--task", "1");
    cpSync(unreadable, images, { recursive: true });
    expect(without.code).toBe(1);
    expect(without.stderr).toContain("none of the 3 images of shard 1 can be used, and no other image of the job that was tried can be read here; the shard is not kept"); // prettier-ignore
    expect(readdirSync(shards)).not.toContain("shard-00001");
    expect((await segment(images, "--out", out, ...size, "--task", "1")).code).toBe(0);
  });

  test("but broken images are complete without masks where others can be read, with a warning of task and merge", async () => {
    rmSync(join(shards, "shard-00001"), { recursive: true });
    const good = at("good");
    cpSync(images, good, { recursive: true });
    for (const name of readdirSync(images).slice(3, 6)) writeFileSync(join(images, name), "broken");
    const made = await segment(images, "--out", out, ...size, "--task", "1");
    const kept = at("kept");
    cpSync(out, kept, { recursive: true });
    const merged = await tag2mask("merge", out);
    const json = await tag2mask("merge", kept, "--json");
    cpSync(good, images, { recursive: true });
    expect(made.code, made.stderr).toBe(0);
    const warning = `of shard 1 could be used; if they are good, remove its folder in ${out}/shards and make it again`;
    expect(made.stdout).toContain(`warning: none of the 3 images ${warning}`);
    expect(merged.code).toBe(0);
    expect(merged.stdout).toContain(`warning: none of the images ${warning}`);
    expect(JSON.parse(json.stdout)).toMatchObject({ masks: 4, skipped: 3, withoutMasks: [1] });
  });
});

test("a task beyond the shards has nothing to do; the next command is one that a shell understands", async () => {
  const { code, stdout } = await segment(images, "--out", out, "--shard-size", "3", "--task", "7", "--tasks", "9"); // prettier-ignore
  expect(code).toBe(0);
  expect(stdout).toContain("task 7 of 9: nothing to do, as there are fewer shards than tasks");
  expect(stdout).toContain(`all shards are complete: tag2mask merge "${out}"`);
});

test("options of a format that is not written are refused before there is a plan", async () => {
  const fresh = at("fresh");
  const { code, stderr } = await segment(images, "--out", fresh, "--shapes", "polygon", ...size, "--task", "0"); // prettier-ignore
  expect(code).toBe(2);
  expect(stderr).toContain(`${fresh}: shapes polygon is for the format coco`);
  expect(existsSync(fresh)).toBe(false);
});

test("one file cannot be the place of shards", async () => {
  const file = at("masks.json");
  const { code, stderr } = await segment(images, "--format", "coco", "--out", file, ...size, "--task", "0"); // prettier-ignore
  expect(code).toBe(2);
  expect(stderr).toContain("names a file, but shards are made and merged in a folder; give --out <folder>"); // prettier-ignore
  expect(existsSync(file)).toBe(false);
});

test("names that differ in how an accent is written are two names in every format", async () => {
  const names = at("accents");
  mkdirSync(names);
  const [scene] = readdirSync(images);
  for (const name of ["\u00fc.png", "u\u0308.png"]) {
    copyFileSync(join(images, scene!), join(names, name));
  }
  const [whole, divided] = [at("whole"), at("divided")];
  const formats = ["--format", "voc,coco,cvat,yolo"];
  await segment(names, ...formats, "--out", whole);
  await segment(names, ...formats, "--out", divided, "--shard-size", "2", "--tasks", "1");
  expect(await tag2mask("merge", divided)).toMatchObject({ code: 0 });
  expect(treeOf(divided)).toEqual(treeOf(whole));
});
