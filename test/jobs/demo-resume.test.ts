import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../src/host/node/host.ts";
import { runDemo, type DemoEvent, type DemoJob } from "../../src/jobs/demo.ts";
import { temporaryFolder } from "../cli/scenes.ts";
import { removeAll } from "./unfinished-masks.ts";

const root = temporaryFolder();
const out = join(root, "tour");
const killed = join(root, "killed");
beforeEach(() => [out, killed].forEach(removeAll));

const job: Omit<DemoJob, "seed"> = {
  out,
  ...{ images: 14, testImages: 2, device: "cpu", steps: 4 },
  report: { command: "demo", versions: {} },
  set: {
    ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16, "data.crop": 64, "data.batch": 2 },
    ...{ "data.workers": 0, "pseudo.radius": 1, "train.validateEvery": 0 },
    ...{ "train.checkpointEvery": 2, "eval.longSide": 64, "eval.minSide": 0 },
  },
};

/** Runs a demo to its end, or until an event that `stops` says; then as Ctrl-C does, or leaving what a kill would. */
async function demo(
  more: Partial<DemoJob> = {},
  stops: (event: DemoEvent) => "ctrl-c" | "kill" | undefined = () => undefined,
): Promise<DemoEvent[]> {
  const controller = new AbortController();
  const events: DemoEvent[] = [];
  for await (const event of runDemo(nodeHost, { ...job, ...more }, { signal: controller.signal })) {
    events.push(event);
    const how = stops(event);
    if (how === "ctrl-c") controller.abort();
    if (how !== "kill") continue;
    cpSync(out, killed, { recursive: true });
    break;
  }
  if (existsSync(killed)) {
    rmSync(out, { recursive: true, force: true });
    renameSync(killed, out);
    // A process that is gone holds no lock; here it is this one, which still runs.
    for (const folder of [".unfinished", "train", "seed-1/train"]) {
      rmSync(join(out, folder, "run.lock"), { force: true });
    }
  }
  return events;
}

function results(...files: string[]): string[] {
  return files.map((file) => readFileSync(join(out, file)).toString("base64"));
}

const stops: readonly (readonly [string, (event: DemoEvent) => "ctrl-c" | "kill" | false])[] = [
  ["killed while it draws scenes", ({ type }) => type === "scenes" && "kill"],
  ["stopped in its training", ({ type }) => type === "checkpoint" && "ctrl-c"],
  ["killed in its training", (event) => event.type === "step" && event.step === 3 && "kill"],
  ["killed while it measures", ({ type }) => type === "measuring" && "kill"],
];

test("a demo that is killed while it draws scenes, trains and measures, and stopped by Ctrl-C, goes on each time to the same weights and scores", async () => {
  const files = ["stages.json", "train/weights/last.safetensors", "scenes/tags.csv"];
  await demo();
  const whole = results(...files);
  removeAll(out);
  const place = (events: DemoEvent[]) => events.find(({ type }) => type === "place");
  const steps: number[] = [];
  for (const [i, [name, stop]] of stops.entries()) {
    const stopped = await demo({}, (event) => stop(event) || undefined);
    expect(place(stopped), name).toMatchObject({ continues: i > 0 });
    expect(
      stopped.map(({ type }) => type),
      name,
    ).not.toContain("tour-done");
    steps.push(stopped.filter(({ type }) => type === "step").length);
  }
  // Ctrl-C lets the next step end, the kill loses one; nothing begins anew.
  expect(steps).toEqual([0, 3, 1, 1]);
  const events = await demo();
  expect(place(events)).toMatchObject({ continues: true });
  expect(events.filter(({ type }) => type === "step")).toEqual([]);
  expect(results(...files)).toEqual(whole);
  expect(existsSync(join(out, ".unfinished"))).toBe(false);
});

test("a demo of several seeds does not train again for those that are measured", async () => {
  const seeds = { seeds: [1, 2] };
  await demo(seeds);
  const whole = results("stages.json");
  removeAll(out);
  await demo(seeds, (event) => (event.type === "measured" ? "kill" : undefined));
  const events = await demo(seeds);
  expect(results("stages.json")).toEqual(whole);
  expect(events.filter(({ type }) => type === "trained")).toHaveLength(1);
});

test("another demo in the folder of one that was stopped is refused by the names of its settings", async () => {
  await demo({}, (event) => (event.type === "checkpoint" ? "ctrl-c" : undefined));
  await expect(demo({ images: 21, steps: 8 })).rejects.toThrow(
    /unfinished job with other settings: images was 14, is 21; train\.steps was 4, is 8; .*give the same/,
  );
  await demo();
  await expect(demo()).rejects.toMatchObject({
    message: expect.stringMatching(/tour: has \d files or folders already$/) as string,
    remedies: [{ kind: "empty-folder" }],
  });
});
