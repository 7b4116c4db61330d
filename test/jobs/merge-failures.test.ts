import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shardFolder, type PlannedMasks } from "../../src/files/shards/plan.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { outcomeOf } from "../../src/jobs/events.ts";
import { mergeShards } from "../../src/jobs/merge.ts";
import type { MergeDoneEvent, MergeEvent } from "../../src/jobs/merge-events.ts";
import type { UserError } from "../../src/user-error.ts";
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

const everything: PlannedMasks = { format: ["voc", "coco"], overlays: true, sheet: true };
const root = mkdtempSync(join(tmpdir(), "merge-failures-"));
const prepared = join(root, "prepared");
let count = 0;
const fresh = (): string => join(root, `out-${count++}`);

beforeAll(async () => {
  await writeImages(join(root, "images"), images);
  await writeShards(prepared, jobOf(everything), 3);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function jobOf(options: PlannedMasks, more: Partial<ShardedJob> = {}): ShardedJob {
  return {
    images,
    folder: join(root, "images"),
    options: { overlays: false, ...options },
    ...more,
  };
}

function merge(out: string): Promise<MergeDoneEvent> {
  return outcomeOf(mergeShards(nodeHost, { out }), "done");
}

describe("several damaged shards", () => {
  test("are told together, with the tasks that make them, before a file is linked", async () => {
    const out = fresh();
    await writeShards(out, jobOf({ format: ["voc"] }), 1);
    rmSync(join(shardFolder(out, 0), "masks/a.png"));
    rmSync(join(shardFolder(out, 2), "images.jsonl"));
    const before = contents(out);
    const events: MergeEvent[] = [];
    const merging = async (): Promise<void> => {
      for await (const event of mergeShards(nodeHost, { out })) events.push(event);
    };
    await expect(merging()).rejects.toMatchObject({
      message:
        `${out}/shards: 2 of 7 shards are damaged: 0, 2; shard-00000: masks/a.png is missing; ` +
        "shard-00002: images.jsonl is missing; remove these folders and make the shards again",
      code: "damaged-shard",
      remedies: [{ kind: "tasks", tasks: [0], of: 2 }],
    });
    expect(events).toContainEqual({ type: "damaged", shards: [0, 2], of: 7, tasks: [0], ofTasks: 2 }); // prettier-ignore
    expect(contents(out)).toEqual(before);
  });

  test("are named up to a number; all of their tasks are in the list", async () => {
    const out = fresh();
    await writeShards(out, jobOf({ format: ["voc"] }), 1);
    for (let shard = 0; shard < 7; shard++) rmSync(join(shardFolder(out, shard), "images.jsonl"));
    const problem = (await merge(out).catch((error: unknown) => error)) as UserError;
    expect(problem.message).toContain("7 of 7 shards are damaged: 0-6; shard-00000: ");
    expect(problem.message).toContain("shard-00004: images.jsonl is missing; and 2 more; remove");
    expect(problem.remedies).toEqual([{ kind: "tasks", tasks: [0, 1], of: 2 }]);
  });
});

describe("files of a merge that did not end are removed by the next one, if their images are gone by then", () => {
  /** Makes the second of three shards again, without one of its images. */
  async function withoutOne(out: string): Promise<void> {
    const fewer = images.map((image) =>
      image.path === "d.jpg" ? { ...image, error: "d.jpg: no such file" } : image,
    );
    const made = fresh();
    await writeShards(made, jobOf(everything, { images: fewer }), 3);
    for (const shard of [0, 1, 2]) rmSync(shardFolder(out, shard), { recursive: true });
    copyOf(join(made, "shards"), join(out, "shards"));
    const whole = fresh();
    await writeAtOnce(whole, jobOf(everything, { images: fewer }));
    await merge(out);
    expect(Object.keys(contents(out))).toEqual(Object.keys(contents(whole)));
    expect(readFileSync(join(out, ".tag2mask.jsonl"), "utf8")).not.toContain("d.png");
  }

  test("after a damage that only the files of a format show", async () => {
    const out = copyOf(prepared, fresh());
    const file = join(shardFolder(out, 2), "coco/instances.json");
    writeFileSync(file, readFileSync(file, "utf8").replace('{"id":1,', '{"id":7,'));
    await expect(merge(out)).rejects.toMatchObject({ code: "damaged-shard" });
    expect(existsSync(join(out, "voc/masks/d.png"))).toBe(true);
    await withoutOne(out);
  });

  test("after Ctrl-C", async () => {
    const out = copyOf(prepared, fresh());
    const stop = new AbortController();
    for await (const event of mergeShards(nodeHost, { out }, { signal: stop.signal })) {
      if (event.type === "progress" && event.stage === "coco") stop.abort();
    }
    await withoutOne(out);
  });

  test("after a disk that failed, or a kill", async () => {
    const out = copyOf(prepared, fresh());
    const full = { fault: "ENOSPC", at: 0, lasting: true, within: join(out, "coco") } as const;
    expect((await withFaultyFiles(full, () => merge(out))).outcome.status).toBe("rejected");
    await withoutOne(out);
  });

  test("but not those that were changed, and nothing that no merge has made", async () => {
    const out = copyOf(prepared, fresh());
    const full = { fault: "ENOSPC", at: 0, lasting: true, within: join(out, "coco") } as const;
    await withFaultyFiles(full, () => merge(out));
    rmSync(join(out, "voc/masks/d.png"));
    writeFileSync(join(out, "voc/masks/d.png"), "changed");
    writeFileSync(join(out, "voc/masks/own.png"), "own");
    const fewer = images.map((image) =>
      image.path === "d.jpg" ? { ...image, error: "d.jpg: no such file" } : image,
    );
    rmSync(join(out, "shards"), { recursive: true });
    await writeShards(out, jobOf(everything, { images: fewer }), 3);
    expect((await merge(out)).replaced).toMatchObject({ changed: ["voc/masks/d.png"] });
    expect(existsSync(join(out, "voc/masks/own.png"))).toBe(true);
  });
});
