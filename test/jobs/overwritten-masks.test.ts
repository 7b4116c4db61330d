import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { maskFormats } from "../../src/files/formats/formats.ts";
import type { MasksDoneEvent } from "../../src/jobs/masks.ts";
import {
  removeAll,
  runMaskJob,
  treeOf,
  writeJobImages,
  type MaskJobOptions,
} from "./unfinished-masks.ts";

const root = mkdtempSync(join(tmpdir(), "overwritten-"));
const out = join(root, "out");
let images: string[];
let alone: Record<string, string>;

beforeAll(async () => {
  images = await writeJobImages(join(root, "images"));
  await runMaskJob(images.slice(3), { out });
  alone = treeOf(out);
});
beforeEach(() => removeAll(out));
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function replacedBy(options: Partial<MaskJobOptions>, of = images.slice(3)) {
  const events = await runMaskJob(of, { out, overwrite: true, ...options });
  return (events.at(-1) as MasksDoneEvent).replaced;
}

test("overwriting a complete job leaves the new one's files alone, and counts what it removed", async () => {
  await runMaskJob(images, { out });
  const gone = Object.keys(treeOf(out)).filter((name) => !(name in alone));
  const { removed, changed, others } = await replacedBy({});
  expect(treeOf(out)).toEqual(alone);
  expect([removed, changed, others]).toEqual([gone.length, [], []]);
});

test("files of formats and pages that the new job does not write go too", async () => {
  await runMaskJob(images, { out });
  await replacedBy({ formats: ["voc"] });
  const names = Object.keys(treeOf(out));
  expect(names.some((name) => maskFormats.some((format) => name.startsWith(`${format}/`)))).toBe(
    false,
  );
  expect(existsSync(join(out, "cvat"))).toBe(false);
});

test("a mask that was changed since, and files that no job lists, stay and are named", async () => {
  await runMaskJob(images, { out });
  writeFileSync(join(out, "voc/masks/a.png"), "corrected by hand");
  writeFileSync(join(out, "voc/masks/mine.png"), "mine");
  writeFileSync(join(out, "voc/masks/notes.txt"), "mine");
  writeFileSync(join(out, "mine.txt"), "mine");
  const { changed, others } = await replacedBy({});
  expect([changed, others]).toEqual([["voc/masks/a.png"], ["voc/masks/mine.png"]]);
  expect(readFileSync(join(out, "voc/masks/a.png"), "utf8")).toBe("corrected by hand");
  const mine = ["mine.txt", "voc/masks/a.png", "voc/masks/mine.png", "voc/masks/notes.txt"];
  expect(Object.keys(treeOf(out)).sort()).toEqual([...Object.keys(alone), ...mine].sort());
});

test.each([0, 2])(
  "an older job's masks stay until the new one is complete, also if that is stopped after %i images",
  async (stopAfter) => {
    await runMaskJob(images, { out });
    const before = treeOf(out);
    if (stopAfter === 0) {
      await expect(replacedBy({}, [join(root, "missing.png")])).rejects.toThrow(/missing/);
    } else {
      await runMaskJob(images.slice(3), { out, overwrite: true, stopAfter });
      expect(treeOf(out)).toMatchObject({ "voc/masks/a.png": before["voc/masks/a.png"] });
      await runMaskJob(images.slice(3), { out, resume: true });
      expect(treeOf(out)).toEqual(alone);
    }
    if (stopAfter === 0) expect(Object.keys(treeOf(out))).toContain("voc/masks/a.png");
  },
);

test("masks of an unfinished job that is given up are known as older ones, also to a job that goes on with the new one", async () => {
  await runMaskJob(images.slice(0, 3), { out, stopAfter: 2 });
  await runMaskJob(images.slice(3), { out, overwrite: true, stopAfter: 1 });
  expect(existsSync(join(out, "voc/masks/a.png"))).toBe(true);
  await runMaskJob(images.slice(3), { out, resume: true });
  expect(treeOf(out)).toEqual(alone);
});

test("a list of files that was cut short removes nothing that it does not name", async () => {
  await runMaskJob(images, { out });
  truncateSync(join(out, ".tag2mask.jsonl"), 10);
  const { removed, others } = await replacedBy({});
  expect(removed).toBe(0);
  expect(others).toContain("voc/masks/a.png");
  expect(existsSync(join(out, "voc/masks/a.png"))).toBe(true);
});

test("beside a single file, another format's companions go if they are surely of a job", async () => {
  const file = join(root, "single.json");
  await runMaskJob(images, { out: file, formats: ["labelstudio"] });
  await replacedBy({ out: file, formats: ["coco"] });
  expect(existsSync(join(root, "single.xml"))).toBe(false);
  writeFileSync(join(root, "single.xml"), "<annotation>mine</annotation>");
  await replacedBy({ out: file, formats: ["coco"] });
  expect(existsSync(join(root, "single.xml"))).toBe(true);
});
