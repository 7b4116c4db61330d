import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { runDemo, type DemoEvent, type DemoJob } from "../../src/jobs/demo.ts";
import { temporaryFolder } from "../cli/scenes.ts";
import { withFaultyFiles, type FaultPlan } from "../faulty-files.ts";
import { removeAll } from "./unfinished-masks.ts";

const root = temporaryFolder();
const out = join(root, "new", "tour");
const scenes = join(out, "scenes");
const run = join(out, "train");
beforeEach(() => removeAll(join(root, "new")));

const job: DemoJob = {
  out,
  ...{ images: 14, testImages: 1, device: "cpu", steps: 1 },
  report: { command: "demo", versions: {} },
  set: { "model.backbone": "mit_tiny", "model.decoderWidth": 16, "data.workers": 0 },
};

/** Runs a demo until its training begins, or an event stops it as Ctrl-C does. */
async function begin(
  onEvent?: (event: DemoEvent) => "ctrl-c" | undefined,
  more: Partial<DemoJob> = {},
): Promise<DemoEvent[]> {
  const controller = new AbortController();
  const events: DemoEvent[] = [];
  for await (const event of runDemo(nodeHost, { ...job, ...more }, { signal: controller.signal })) {
    events.push(event);
    if (onEvent?.(event) === "ctrl-c") controller.abort();
    if (event.type === "started") break;
  }
  return events;
}

/** The reason why a demo fails on a disk that does. */
async function failureOf(plan: FaultPlan, ...demo: Parameters<typeof begin>): Promise<string> {
  const { outcome, failed } = await withFaultyFiles(plan, () => begin(...demo));
  expect(failed).not.toEqual([]);
  expect(outcome.status).toBe("rejected");
  return outcome.status === "rejected" ? String(outcome.reason) : "";
}

/** Runs the demo again; returns whether it went on with the one before. */
async function beginAgain(more: Partial<DemoJob> = {}): Promise<boolean> {
  const events = await begin(undefined, more);
  expect(events.at(-1)).toMatchObject({ type: "started" });
  return events.some((event) => event.type === "place" && event.continues);
}

test.each([
  ["its own folder", { within: join(out, ".unfinished"), only: "open" }],
  ["the settings of its own folder", { within: join(out, ".unfinished/job.json"), only: "rename" }],
  ["its scenes", { within: join(scenes, "tags.csv"), only: "rename" }],
  ["the folder of its run", { within: run, only: "open" }],
  ["the settings of its run", { within: join(run, "config.yaml"), only: "rename" }],
] as const)("a demo for which the disk refuses %s leaves nothing", async (_, where) => {
  const reason = await failureOf({ fault: "ENOSPC", at: 0, ...where });
  expect(reason).toMatch(/no space left on the disk/);
  expect(readdirSync(root)).toEqual([]);
  expect(await beginAgain()).toBe(false);
});

test.each([[{}], [{ seeds: [1, 2] }]])(
  "a demo %o whose scenes the disk refuses to remove goes on",
  async (more) => {
    const place = "seeds" in more ? join(out, "seed-1") : out;
    const broken = { fault: "EIO", at: 40, lasting: true, within: join(place, "scenes") } as const;
    expect(await failureOf(broken, undefined, more)).toMatch(/scene-\d+\.png: cannot be written/);
    expect(existsSync(join(place, "scenes"))).toBe(true);
    expect(await beginAgain(more)).toBe(true);
  },
);

test("a demo that is stopped before its training says that the disk refuses to remove its scenes, and goes on", async () => {
  const stop = ({ type }: DemoEvent) => (type === "scenes-done" ? "ctrl-c" : undefined);
  const refused = { fault: "EIO", at: 1, within: scenes, only: "rm" } as const;
  expect(await failureOf(refused, stop)).toMatch(/scenes: cannot be removed/);
  expect(await beginAgain()).toBe(true);
});

test.each(["log.jsonl", "samples", "config.yaml"])(
  "a demo of whose run the disk refuses to remove %s goes on with it",
  async (name) => {
    const refused = { fault: "EIO", at: 0, within: join(run, name), only: "rm" } as const;
    expect(await failureOf(refused)).toContain(`${name}: cannot be removed`);
    expect(await beginAgain()).toBe(true);
  },
);

test("a demo whose folder another process has taken over leaves the scenes to it", async () => {
  const lock = join(out, ".unfinished/run.lock");
  const takeOver = ({ type }: DemoEvent): undefined => {
    if (type !== "scenes-done") return;
    writeFileSync(lock, readFileSync(lock, "utf8").replace(/"token":"./, '"token":"z'));
  };
  await expect(begin(takeOver)).rejects.toThrow(/is no longer the lock of this process/);
  expect(existsSync(join(scenes, "tags.csv"))).toBe(true);
  expect(existsSync(join(out, ".unfinished/job.json"))).toBe(true);
});
