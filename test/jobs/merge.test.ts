import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MaskFormat } from "../../src/files/formats/formats.ts";
import { maskFormats } from "../../src/files/formats/formats.ts";
import type { PlannedMasks } from "../../src/files/shards/plan.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import { mergeShards, type MergeJob } from "../../src/jobs/merge.ts";
import type { MergeDoneEvent } from "../../src/jobs/merge-events.ts";
import {
  contents,
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
  return { images, folder: join(root, "images"), overlays: false, ...options, ...more };
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
