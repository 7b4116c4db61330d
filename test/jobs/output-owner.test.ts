import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { thisProcess } from "../../src/host/node/process-identity.ts";
import { convertMasks } from "../../src/jobs/convert.ts";
import { demoMasks, writeAll } from "../files/formats/masks.ts";
import { removeAll, runMaskJob, treeOf, writeJobImages } from "./unfinished-masks.ts";

const root = mkdtempSync(join(tmpdir(), "owner-"));
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

const busy = new RegExp(`^${out}: process ${process.pid} is writing to it since .*; wait for it`);

test("of two jobs that begin in one folder one writes it, and the other says who does", async () => {
  for (let round = 0; round < 5; round++) {
    removeAll(out);
    const both = await Promise.allSettled([1, 2].map(() => runMaskJob(images, { out })));
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const loser = both.find((one) => one.status === "rejected")!;
    expect((loser.reason as Error).message).toMatch(busy);
    expect(treeOf(out)).toEqual(whole);
  }
});

test("of two jobs that go on with a stopped one, one does", async () => {
  await runMaskJob(images, { out, stopAfter: 2 });
  const both = await Promise.allSettled(
    [1, 2].map(() => runMaskJob(images, { out, resume: true })),
  );
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect((both.find((one) => one.status === "rejected")!.reason as Error).message).toMatch(busy);
  expect(treeOf(out)).toEqual(whole);
});

test("not even overwriting takes a folder from a job that runs, nor a single file", async () => {
  await writeAll(join(root, "masks"), "voc", demoMasks(2));
  for (const [to, name] of [
    ["voc", "converted"],
    ["coco", "converted.json"],
  ] as const) {
    const path = join(root, name);
    const job = { masks: join(root, "masks"), to: [to], out: path, instances: "regions" } as const;
    const first = convertMasks(nodeHost, job);
    await first.next();
    const second = convertMasks(nodeHost, { ...job, overwrite: true });
    await expect(second.next()).rejects.toThrow(`${path}: process ${process.pid} is writing to it`);
    const events = [];
    for await (const event of first) events.push(event);
    expect(events.at(-1)).toMatchObject({ type: "done", masks: 2 });
    expect(existsSync(path)).toBe(true);
  }
});

test("a job whose events nobody takes any more leaves its folder to the next", async () => {
  const masks = join(root, "left");
  await writeAll(masks, "voc", demoMasks(3));
  const job = { masks, to: ["voc"], out, instances: "regions" } as const;
  for await (const event of convertMasks(nodeHost, job)) if (event.type === "progress") break;
  const events = [];
  for await (const event of convertMasks(nodeHost, { ...job, resume: true })) events.push(event);
  expect(events[0]).toMatchObject({ type: "started", finished: 1 });
  expect(events.at(-1)).toMatchObject({ type: "done", masks: 3 });
});

test("the lock that a killed job left is taken over", async () => {
  mkdirSync(join(out, ".unfinished"), { recursive: true });
  const dead = { ...thisProcess(), start: "1", token: "dead" };
  writeFileSync(join(out, ".unfinished/run.lock"), JSON.stringify(dead));
  await runMaskJob(images, { out });
  expect(treeOf(out)).toEqual(whole);
});

test("a job whose lock another process has taken ends without touching what the other writes", async () => {
  const settings = { job: "label" };
  const taken = runMaskJob(images, {
    ...{ out, settings, formats: ["voc"] },
    onImage: () => {
      const other = { ...thisProcess(), token: "other" };
      writeFileSync(join(out, ".unfinished/run.lock"), JSON.stringify(other));
      writeFileSync(join(out, "masks/theirs.png"), "theirs");
    },
  });
  await expect(taken).rejects.toThrow(/another one may be writing to the folder/);
  expect(Object.keys(treeOf(out))).toContain("masks/theirs.png");
  expect(existsSync(join(out, ".unfinished/run.lock"))).toBe(true);
});
