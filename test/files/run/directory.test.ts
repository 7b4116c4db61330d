import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nodeHost } from "../../../src/host/node/host.ts";
import { RunDirectory } from "../../../src/files/run/directory.ts";
import { nextFree } from "../../../src/files/run/files.ts";
import type { TrainEvent } from "../../../src/method/train/events.ts";
import { UserError } from "../../../src/user-error.ts";
import { withFaultyFiles, type FileOperation } from "../../faulty-files.ts";
import { readEvents } from "./event-reader.ts";
import { fakeTraining, squarePanel } from "./fake-run.ts";

const classes = ["cat", "dog"];
const config = { train: { steps: 12, lr: 6e-5 }, data: { mean: [1, 2, 3] } };

function training(from = 0): Iterable<TrainEvent> {
  const panels = (): ReturnType<typeof squarePanel>[] => [squarePanel("a/1"), squarePanel("b")];
  return fakeTraining({ steps: 12, classes, panels, from, validateEvery: 4, checkpointEvery: 3 });
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "run-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

async function recordAll(run: RunDirectory, events: Iterable<TrainEvent>): Promise<void> {
  for (const event of events) await run.record(event);
  await run.close();
}

function text(run: RunDirectory, file: string): string {
  return readFileSync(join(run.path, file), "utf8");
}

/** All that a run folder says, but for the time of day. */
function contents(run: RunDirectory): unknown {
  const events = readdirSync(run.path).filter((name) => name.startsWith("events."));
  expect(events).toHaveLength(1);
  return {
    log: text(run, "log.jsonl"),
    csv: text(run, "results.csv"),
    metrics: text(run, "metrics.json"),
    samples: readdirSync(join(run.path, "samples")).sort(),
    weights: readdirSync(join(run.path, "weights")).sort(),
    last: text(run, "weights/last.safetensors"),
    best: text(run, "weights/best.safetensors"),
    // TensorBoard's rate depends on nothing but the fake seconds.
    events: readEvents(readFileSync(join(run.path, events[0]!))).map((event) => ({
      ...event,
      seconds: 0,
    })),
  };
}

test("without true masks the table has the areas of class activations, of background and each class", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config });
  const events = [...training()].map((event) =>
    event.type === "validation" ? { ...event, camAreas: [0.75, 0.125, 0.0625] } : event,
  );
  await recordAll(run, events);
  const [header, ...rows] = text(run, "results.csv").trim().split("\n");
  const at = header!.split(",").indexOf("cam_areas");
  const areas = rows.map((row) => row.split(",")[at]).filter((field) => field !== "");
  expect(areas).toEqual(new Array<string>(3).fill("0.75;0.125;0.0625"));
});

test("a run folder holds config, log, table, scores, samples, weights and TensorBoard's events", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config });
  await recordAll(run, training());
  expect(await run.readConfig()).toEqual(config);

  const log = await run.readLog();
  expect(log.map(({ type }) => type).filter((type) => type !== "step")).toEqual(
    ["start", "checkpoint", "validation", "checkpoint", "validation", "checkpoint", "validation", "checkpoint", "done"], // prettier-ignore
  );
  expect(log.filter(({ type }) => type === "step")).toHaveLength(12);

  const [header, first, ...rows] = text(run, "results.csv").trim().split("\n");
  const columns = header!.split(",").length;
  expect(header).toMatch(/^step,phase,loss_cls,.*,miou_seg,tag_f1,cam_areas$/);
  expect(first).toMatch(/^0,classification,0\.\d+,,,,0\.\d+,0\.006,0\.\d+,,,,,$/);
  for (const row of rows) expect(row.split(",")).toHaveLength(columns);
  expect(rows.filter((row) => /^\d+,,/.test(row))).toHaveLength(3);

  expect(JSON.parse(text(run, "metrics.json"))).toMatchObject({
    step: 12,
    metrics: { tagF1: expect.any(Number) as number },
    perClass: {
      seg: { background: expect.any(Number) as number, cat: expect.any(Number) as number },
    },
    best: { step: 12 },
  });
  const samples = [4, 8, 12].flatMap((n) =>
    ["a-1", "b"].map((s) => `step-${String(n).padStart(6, "0")}-${s}.jpg`),
  );
  expect(readdirSync(join(run.path, "samples")).sort()).toEqual(samples);
  expect(readdirSync(join(run.path, "weights")).sort()).toEqual([
    "best.safetensors",
    "last.safetensors",
    "step-000009.safetensors",
    "step-000012.safetensors",
  ]);

  const file = readdirSync(run.path).find((name) => name.startsWith("events."))!;
  const events = readEvents(readFileSync(join(run.path, file)));
  const losses = events.filter(({ scalars }) => "loss/cls" in scalars);
  expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect(losses[0]!.scalars).not.toHaveProperty("loss/seg");
  expect(losses[11]!.scalars).toHaveProperty("loss/seg");
  const scores = events.filter(({ scalars }) => "miou/seg" in scalars);
  expect(Object.keys(scores[0]!.scalars)).toContain("iou_seg/dog");
  const pictures = events.flatMap(({ images }) => images);
  expect(pictures).toHaveLength(6);
  expect(pictures[0]).toMatchObject({
    tag: "samples/a/1",
    description: "Image | CAM | Affinity CAM | Label | Prediction | Truth",
  });
  expect(pictures[0]!.png.toString("latin1", 1, 4)).toBe("PNG");
});

test("runs without a name are called exp, exp2, exp3", async () => {
  for (const name of ["exp", "exp2", "exp3"]) {
    const run = await RunDirectory.create(nodeHost, { root, config });
    expect(run.name).toBe(name);
    await run.close();
  }
});

test("of folders claimed at once each is another one", async () => {
  const claimed = await Promise.all([1, 2, 3].map(() => nextFree(nodeHost.store, root, "demo")));
  const expected = ["demo", "demo2", "demo3"].map((name) => join(root, name));
  expect(claimed.sort()).toEqual(expected);
});

test("a named run is refused where files are, and where the name is no folder name", async () => {
  const run = await RunDirectory.create(nodeHost, { root, name: "mine", config });
  await run.close();
  const again = RunDirectory.create(nodeHost, { root, name: "mine", config });
  await expect(again).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/mine: has \d files? or folders? already$/) as string,
      remedies: [
        { kind: "option", name: "out", instead: true },
        { kind: "option", name: "resume", value: run.path },
      ],
    }),
  );
  await expect(RunDirectory.create(nodeHost, { root, name: "../mine", config })).rejects.toThrow(
    UserError,
  );
  mkdirSync(join(root, "empty"));
  await (await RunDirectory.create(nodeHost, { root, name: "empty", config })).close();
});

test("a folder whose start was killed before config.yaml cannot be resumed, and the next start takes it over", async () => {
  const path = join(root, "mine");
  mkdirSync(path);
  const leftovers = ["run.lock", ".run.lock.1-0.tmp", ".config.yaml.1-2.tmp"];
  for (const name of leftovers) writeFileSync(join(path, name), "4194304\n");
  const opening = RunDirectory.open(nodeHost, path);
  await expect(opening).rejects.toThrow(/stopped before its settings were written.*start the tra/);
  const run = await RunDirectory.create(nodeHost, { root, name: "mine", config });
  expect(readdirSync(path).filter((name) => leftovers.includes(name))).toEqual(["run.lock"]);
  expect(await run.readConfig()).toEqual(config);
  await run.close();
});

test("a run folder that is removed or taken over ends its training, and the other's stays", async () => {
  const [removed, taken] = await Promise.all(
    ["removed", "taken"].map((name) => RunDirectory.create(nodeHost, { root, name, config })),
  );
  rmSync(removed!.path, { recursive: true });
  const step = [...training()].find(({ type }) => type === "step")!;
  await expect(removed!.record(step)).rejects.toThrow(/removed: the run folder was removed during/);
  await removed!.discard();
  expect(existsSync(removed!.path)).toBe(false);

  const lock = join(taken!.path, "run.lock");
  writeFileSync(lock, readFileSync(lock, "utf8").replace(/"token":"./, '"token":"z'));
  const before = text(taken!, "log.jsonl");
  await expect(taken!.record(step)).rejects.toThrow(/run\.lock: is no longer the lock of this/);
  await taken!.discard();
  expect(text(taken!, "log.jsonl")).toBe(before);
  expect(existsSync(lock)).toBe(true);
});

test("where nothing can be written the answer is a UserError and nothing is left behind", async () => {
  writeFileSync(join(root, "file"), "");
  const below = RunDirectory.create(nodeHost, { root: join(root, "file", "runs"), config });
  await expect(below).rejects.toThrow(/file\/runs: the folder cannot be created/);
  await expect(RunDirectory.create(nodeHost, { root: "/proc/runs", config })).rejects.toThrow(
    UserError,
  );
  expect(readdirSync(root)).toEqual(["file"]);
});

test("what is no run cannot be opened", async () => {
  await expect(RunDirectory.open(nodeHost, join(root, "none"))).rejects.toThrow(
    /none: no such run folder/,
  );
  await expect(RunDirectory.open(nodeHost, root)).rejects.toThrow(/has no config.yaml/);
});

test("a discarded run leaves nothing, nor the folders made for it", async () => {
  const run = await RunDirectory.create(nodeHost, { root: join(root, "runs", "train"), config });
  await run.discard();
  expect(readdirSync(root)).toEqual([]);
});

test("a discarded run leaves the folders of others", async () => {
  const first = await RunDirectory.create(nodeHost, { root: join(root, "runs"), config });
  await (await RunDirectory.create(nodeHost, { root: join(root, "runs"), config })).discard();
  await first.close();
  expect(readdirSync(join(root, "runs"))).toEqual(["exp"]);
});

test("a run whose first checkpoint was complete when the disk failed is not discarded", async () => {
  const checkpoint = [...training()].find(({ type }) => type === "checkpoint")!;
  const operations: FileOperation[] = [];
  const whole = await RunDirectory.create(nodeHost, { root, config });
  const onOperation = (operation: FileOperation): void => void operations.push(operation);
  await withFaultyFiles({ fault: "EIO", at: Infinity, onOperation }, () =>
    whole.record(checkpoint),
  );
  await whole.close();
  const at = operations.findIndex(
    ({ kind, path }) => kind === "rename" && path.endsWith("last.safetensors"),
  );

  const run = await RunDirectory.create(nodeHost, { root, config });
  const { outcome } = await withFaultyFiles({ fault: "EIO", at }, () => run.record(checkpoint));
  expect(outcome).toMatchObject({
    reason: { message: expect.stringMatching(/step 3 is intact$/) as string },
  });
  await run.discard();
  const { run: again, state } = await RunDirectory.open(nodeHost, run.path);
  expect(state?.step).toBe(3);
  await again.close();
});

test("a run that was there before is not discarded", async () => {
  await (await RunDirectory.create(nodeHost, { root, config })).close();
  const { run } = await RunDirectory.open(nodeHost, join(root, "exp"));
  await run.discard();
  expect(existsSync(join(root, "exp", "config.yaml"))).toBe(true);
});

test("a validation without panels or scores, or half a line, does not keep a run from going on", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config });
  await recordAll(run, training());
  const lines = text(run, "log.jsonl").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const changed = entries.map((entry) =>
    entry["type"] === "validation" ? { ...entry, panels: undefined } : entry,
  );
  const scores = { cam: [0.5], affinityCam: "none", seg: [0.5] };
  const odd = [
    { type: "validation", step: 1 },
    { type: "step", step: 1 },
    ...changed.slice(0, -2),
    { type: "validation", step: 12, metrics: {}, perClass: scores },
    { type: "validation", step: 12, metrics: {}, perClass: null },
    ...changed.slice(-2),
  ];
  writeFileSync(join(run.path, "log.jsonl"), odd.map((entry) => JSON.stringify(entry)).join("\n"));
  const opened = await RunDirectory.open(nodeHost, run.path);
  await opened.run.close();
  expect(await opened.run.readLog()).toHaveLength(entries.length - 1); // "done" is after the last checkpoint
});

describe("a run killed and resumed", () => {
  let whole: string;
  let expected: unknown;
  beforeAll(async () => {
    whole = mkdtempSync(join(tmpdir(), "run-"));
    const run = await RunDirectory.create(nodeHost, { root: whole, config });
    await recordAll(run, training());
    expected = contents(run);
  });
  afterAll(() => {
    rmSync(whole, { recursive: true, force: true });
  });

  // Event 4 is the first checkpoint, 6 the first validation, 8 the second checkpoint, 20 the end.
  test.each([0, 3, 4, 5, 6, 7, 8, 9, 12, 19, 20])(
    "after event %i says what an uninterrupted run says",
    async (killedAfter) => {
      const run = await RunDirectory.create(nodeHost, { root, name: "killed", config });
      await recordAll(run, [...training()].slice(0, killedAfter));
      // What a kill in the middle of writing leaves.
      appendFileSync(join(run.path, "log.jsonl"), '{"type":"step","st');
      appendFileSync(join(run.path, "results.csv"), "11,pseu");
      writeFileSync(join(run.path, "weights", ".step-000006.safetensors.1-2.tmp"), "half");
      writeFileSync(join(run.path, "samples", "step-000012-late.jpg"), "late");

      const { run: resumed, state, messages } = await RunDirectory.open(nodeHost, run.path);
      expect(messages).toHaveLength(state ? 0 : 1);
      await recordAll(resumed, training(state?.step));
      expect(contents(resumed)).toEqual(expected);
    },
  );
});

describe("damage", () => {
  const weights = (name: string): string => join(root, "exp", "weights", `${name}.safetensors`);

  beforeEach(async () => {
    await recordAll(await RunDirectory.create(nodeHost, { root, config }), training());
  });

  async function open(): Promise<{ step: number | undefined; messages: readonly string[] }> {
    const { run, state, messages } = await RunDirectory.open(nodeHost, join(root, "exp"));
    await run.close();
    return { step: state?.step, messages };
  }

  test("nothing amiss: the last step, and no message", async () => {
    expect(await open()).toEqual({ step: 12, messages: [] });
  });

  test("a truncated last checkpoint: the newest whole step, and why", async () => {
    const half = readFileSync(weights("last")).subarray(0, 10_000);
    rmSync(weights("last"));
    writeFileSync(weights("last"), half);
    const { step, messages } = await open();
    expect(step).toBe(12);
    expect(messages[0]).toMatch(/last\.safetensors: .*cut short/);
    expect(messages[1]).toMatch(/resuming from step-000012/);
    expect(readFileSync(weights("last"))).toEqual(readFileSync(weights("step-000012")));
  });

  test("last and the newest step truncated: the step before, with logs cut back to it", async () => {
    for (const name of ["last", "step-000012"]) {
      rmSync(weights(name));
      writeFileSync(weights(name), "half");
    }
    const { step, messages } = await open();
    expect(step).toBe(9);
    expect(messages).toHaveLength(3);
    const log = readFileSync(join(root, "exp", "log.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ type: "checkpoint", step: 9 });
    expect(JSON.parse(readFileSync(join(root, "exp", "metrics.json"), "utf8"))).toMatchObject({
      step: 8,
    });
  });

  test("no last checkpoint: the newest step, and a message", async () => {
    rmSync(weights("last"));
    const { step, messages } = await open();
    expect(step).toBe(12);
    expect(messages.join()).toMatch(
      /last.safetensors is missing or damaged; resuming from step-000012/,
    );
  });

  test("killed between a step's file and last: the newer one, silently", async () => {
    rmSync(weights("last"));
    copyFileSync(weights("step-000009"), weights("last"));
    expect(await open()).toEqual({ step: 12, messages: [] });
  });

  test("killed before an old checkpoint was removed: it goes, unless a newer one is damaged", async () => {
    const names = (): string[] => readdirSync(join(root, "exp", "weights"));
    const old = "step-000006.safetensors";
    copyFileSync(weights("step-000009"), join(root, "exp", "weights", old));
    const whole = readFileSync(weights("last"));
    rmSync(weights("last"));
    writeFileSync(weights("last"), "half");
    await open();
    expect(names()).toContain(old);
    writeFileSync(weights("last"), whole);
    await open();
    expect(names().sort()).toEqual([
      "best.safetensors",
      "last.safetensors",
      "step-000009.safetensors",
      "step-000012.safetensors",
    ]);
  });

  test.each(["missing", "stale"])(
    "killed between a step's file and best, which is %s: best is mended",
    async (kind) => {
      rmSync(weights("best"));
      if (kind === "stale") copyFileSync(weights("step-000009"), weights("best"));
      expect(await open()).toEqual({ step: 12, messages: [] });
      expect(readFileSync(weights("best"))).toEqual(readFileSync(weights("step-000012")));
    },
  );

  test("a checkpoint that was not the best does not become it", async () => {
    for (const name of ["step-000012", "last"]) rmSync(weights(name));
    const before = readFileSync(weights("best"));
    expect((await open()).step).toBe(9);
    expect(readFileSync(weights("best"))).toEqual(before);
  });

  test("best alone is left: that", async () => {
    for (const name of ["last", "step-000012", "step-000009"]) rmSync(weights(name));
    const { step, messages } = await open();
    expect(step).toBe(12);
    expect(messages.join()).toMatch(/resuming from best.safetensors/);
  });

  test("no checkpoint is whole: an error that names them all, and the log stays", async () => {
    for (const name of ["last", "best", "step-000012", "step-000009"]) {
      rmSync(weights(name));
      writeFileSync(weights(name), "half");
    }
    const before = statSync(join(root, "exp", "log.jsonl")).size;
    await expect(open()).rejects.toThrow(/every checkpoint in it is damaged[^]*step-000009/);
    expect(statSync(join(root, "exp", "log.jsonl")).size).toBe(before);
  });

  test("no events, samples or scores are there any more: they begin anew", async () => {
    for (const name of readdirSync(join(root, "exp"))) {
      if (/^(events|samples|metrics)/.test(name))
        rmSync(join(root, "exp", name), { recursive: true });
    }
    expect((await open()).step).toBe(12);
    expect(existsSync(join(root, "exp", "metrics.json"))).toBe(true);
  });
});
