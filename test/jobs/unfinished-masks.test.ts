import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { temporaryBeside } from "../../src/host/node/files/temporary-name.ts";
import { UserError } from "../../src/user-error.ts";
import { faults, withFaultyFiles } from "../faulty-files.ts";
import {
  removeAll,
  runMaskJob,
  treeOf,
  treeWithoutLock,
  writeJobImages,
} from "./unfinished-masks.ts";

const root = mkdtempSync(join(tmpdir(), "unfinished-"));
const out = join(root, "out");
let images: string[];
let whole: Record<string, string>;

beforeAll(async () => {
  images = await writeJobImages(join(root, "images"));
  await runMaskJob(images, { out });
  whole = treeOf(out);
});
beforeEach(() => removeAll(out));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([1, 2, 3, 4])(
  "a job stopped after %i images goes on to the same bytes in every format, without computing them again",
  async (stopAfter) => {
    const stopped = (await runMaskJob(images, { out, stopAfter })).at(-1) as { kept: number };
    expect(stopped).toMatchObject({ type: "stopped", out });
    expect(stopped.kept).toBeGreaterThanOrEqual(stopAfter);
    const computed: string[] = [];
    await runMaskJob(images, { out, resume: true, computed });
    expect(computed).toHaveLength(images.length - stopped.kept);
    expect(treeOf(out)).toEqual(whole);
  },
);

test("the same job without resume offers it, and other settings are refused by name with both values", async () => {
  await runMaskJob(images, { out, stopAfter: 1, settings: { job: "label", longSide: 512 } });
  const again = runMaskJob(images, { out, settings: { job: "label", longSide: 512 } });
  await expect(again).rejects.toMatchObject({
    message: expect.stringMatching(/holds this job unfinished, with \d images finished/) as string,
    remedies: [{ name: "resume" }, { name: "overwrite" }],
  });
  const other = runMaskJob(images, { out, resume: true, settings: { job: "label", longSide: 64 } });
  await expect(other).rejects.toThrow(/longSide was 512, is 64/);
  await expect(other).rejects.toBeInstanceOf(UserError);
});

test("there is nothing to continue in an empty folder, or once the job is complete", async () => {
  await expect(runMaskJob(images, { out, resume: true })).rejects.toThrow(/no unfinished job/);
  await runMaskJob(images, { out });
  await expect(runMaskJob(images, { out, resume: true })).rejects.toThrow(/no unfinished job/);
});

test.each([0, 2, 4, 6, 9])(
  "a job that cannot go on because the disk is full from operation %i on loses nothing that was finished",
  async (at) => {
    const { kept } = (await runMaskJob(images, { out, stopAfter: 3 })).at(-1) as { kept: number };
    const full = { fault: "ENOSPC", at, lasting: true } as const;
    const { outcome } = await withFaultyFiles(full, () =>
      runMaskJob(images, { out, resume: true }),
    );
    expect(outcome).toMatchObject({
      reason: { message: expect.stringMatching(/no space left/) as string },
    });
    const computed: string[] = [];
    await runMaskJob(images, { out, resume: true, computed });
    expect(computed.length).toBeLessThanOrEqual(images.length - kept);
    expect(treeOf(out)).toEqual(whole);
  },
);

test.each([join(out, "masks"), join(root, "single.json")])(
  "a job that cannot lock its place leaves none of its folders: %s",
  async (place) => {
    const before = readdirSync(root);
    const full = { fault: "ENOSPC", at: 0, within: root, only: "open" } as const;
    const { outcome } = await withFaultyFiles(full, () =>
      runMaskJob(images, { out: place, formats: ["coco"] }),
    );
    expect(outcome).toMatchObject({
      reason: { message: expect.stringMatching(/no space left/) as string },
    });
    expect(readdirSync(root)).toEqual(before);
  },
);

test("a job that begins anew removes what a disk that fails did not let it remove", async () => {
  const broken = { fault: "EROFS", at: 22, lasting: true } as const;
  await withFaultyFiles(broken, () => runMaskJob(images, { out }));
  expect(Object.keys(treeOf(out)).filter((path) => path.endsWith(".tmp"))).not.toEqual([]);
  await runMaskJob(images, { out, overwrite: true });
  expect(treeOf(out)).toEqual(whole);
});

test("overwriting an unfinished job leaves none of its masks", async () => {
  await runMaskJob(images, { out, stopAfter: 3 });
  await runMaskJob(images.slice(3), { out, overwrite: true });
  const alone = join(root, "alone");
  await runMaskJob(images.slice(3), { out: alone });
  expect(treeOf(out)).toEqual(treeOf(alone));
});

test("a finished mask that was damaged since, a journal cut short and files left by a kill are made good", async () => {
  await runMaskJob(images, { out, stopAfter: 3 });
  truncateSync(join(out, "voc/masks/a.png"), 60);
  writeFileSync(join(out, "coco/.instances.json.4711-0.tmp"), '{"annotations": [');
  writeFileSync(temporaryBeside(join(out, "coco/instances.json")), '{"annotations": [');
  const journal = join(out, ".unfinished/journal.jsonl");
  truncateSync(journal, statSync(journal).size - 9);
  const computed: string[] = [];
  await runMaskJob(images, { out, resume: true, computed });
  expect(computed).toContain("a");
  expect(computed.length).toBeLessThan(images.length);
  expect(treeOf(out)).toEqual(whole);
});

test("whatever write the disk refuses: a UserError, finished masks stay whole, and the job goes on to the same bytes", async () => {
  const { operations } = await withFaultyFiles({ fault: "EIO", at: Infinity }, () =>
    runMaskJob(images, { out }),
  );
  expect(operations).toBeGreaterThan(100);
  // An odd step meets every kind of operation.
  const step = 9;
  let tried = 0;
  let kept = 0;
  for (let at = 0; at < operations; at += step) {
    const fault = faults[(at / step) % faults.length]!;
    const lasting = Math.floor(at / step / faults.length) % 2 === 0;
    removeAll(out);
    const { outcome, failed } = await withFaultyFiles({ fault, at, lasting }, () =>
      runMaskJob(images, { out }),
    );
    const where = `${fault} at ${at}`;
    // Operations that only make a rename durable may fail without harm.
    if (outcome.status === "fulfilled") {
      expect(treeWithoutLock(out, failed), where).toEqual(whole);
      continue;
    }
    tried++;
    expect(outcome.reason, where).toBeInstanceOf(UserError);
    const { message, code } = outcome.reason as UserError;
    expect(message, where).not.toContain("\n");
    const finished = Number(/; (\d) of 7 images are finished and kept/.exec(message)?.[1] ?? 0);
    kept += finished;
    expect(code, where).toBeTruthy();
    const computed: string[] = [];
    const again = runMaskJob(images, { out, resume: finished > 0, overwrite: finished === 0, computed }); // prettier-ignore
    await again;
    expect(computed.length, where).toBeLessThanOrEqual(images.length - finished);
    expect(treeOf(out), where).toEqual(whole);
  }
  expect(tried).toBeGreaterThan(20);
  expect(kept).toBeGreaterThan(20);
}, 120_000);
