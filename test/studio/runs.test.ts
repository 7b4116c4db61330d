import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { studioWords } from "../../src/cli/studio-words.ts";
import type { LogEntry } from "../../src/files/run/log.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { EventHub } from "../../src/studio/server/events.ts";
import { answerFailure } from "../../src/studio/server/failure.ts";
import { buildIndex } from "../../src/studio/server/images/build-index.ts";
import { ImageIndex } from "../../src/studio/server/images/image-index.ts";
import { TrainingChoices } from "../../src/studio/server/training/choices.ts";
import { Runs } from "../../src/studio/server/training/runs.ts";
import { runRoutes } from "../../src/studio/server/training/routes.ts";
import type { Choices, Failure, NewRun, Run } from "../../src/studio/protocol.ts";
import { writeScenes } from "./scene-folder.ts";
import { waitUntil } from "./start-studio.ts";
import { tinyRun } from "./tiny-run.ts";

const root = await mkdtemp(join(tmpdir(), "studio-runs-"));
afterAll(() => rm(root, { recursive: true, force: true }));
beforeAll(() => writeScenes(root, 12, { tagged: 12 }));

const opened: Runs[] = [];
afterEach(async () => {
  for (const runs of opened.splice(0)) await runs.close();
});

/** A server's trainings, as after a start. */
async function open() {
  const events = new EventHub();
  const images = new ImageIndex(root, events);
  images.take(await buildIndex(nodeHost, root, undefined, () => undefined));
  const folder = join(root, ".tag2mask");
  const masks = { corrected: () => [], flush: () => Promise.resolve() };
  const runs = await Runs.open({ host: nodeHost, root, folder, events, images, masks, words: studioWords }); // prettier-ignore
  opened.push(runs);
  const app = new Hono().route("/api", runRoutes(runs, new TrainingChoices(nodeHost, events)));
  app.onError(answerFailure);
  const get = async <T>(path: string): Promise<T> => (await app.request(path)).json() as Promise<T>;
  const post = async <T = Run>(path: string, body: unknown = {}): Promise<T> => {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    return (await app.request(path, init)).json() as Promise<T>;
  };
  const reach = async (id: string, ...states: Run["state"][]): Promise<Run> => {
    await waitUntil(() => states.includes(runs.get(id).run.state));
    return runs.get(id).run;
  };
  return { runs, app, events, get, post, reach };
}

const tiny = {
  ...tinyRun,
  steps: 6,
  set: { ...tinyRun.set, "train.checkpointEvery": 2 },
} satisfies NewRun;

/** Steps of the log that a stream of events tells, what was cut back meanwhile, and the id of the last line. */
async function readEvents(
  app: Hono,
  id: string,
  until: (lines: number) => boolean,
  lastId?: string,
) {
  const headers = lastId === undefined ? {} : { "last-event-id": lastId };
  const response = await app.request(`/api/runs/${id}/events`, { headers });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let [rest, last, cuts] = ["", "", 0];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = parts.pop()!;
    for (const part of parts) {
      const field = (name: string): string | undefined =>
        part
          .split("\n")
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      if (field("event") === "cut") {
        cuts++;
        lines.length = (JSON.parse(field("data")!) as { kept: number }).kept;
      } else if (field("event") === undefined && field("data") !== undefined) {
        lines.push(field("data")!);
        last = field("id")!;
      }
    }
    if (until(lines.length)) break;
  }
  await reader.cancel();
  return { lines, last, cuts };
}

async function logOf(run: Run): Promise<string[]> {
  return (await readFile(join(run.path, "log.jsonl"), "utf8")).trim().split("\n");
}

/** Kills a training whose log is ahead of its last checkpoint, so that a resumption cuts off what the log has after that. */
async function killBetweenCheckpoints(pid: number, run: Run, every: number): Promise<void> {
  for (;;) {
    // Its log does not grow while it is looked at.
    process.kill(pid, "SIGSTOP");
    const { type, step } = JSON.parse((await logOf(run)).at(-1)!) as LogEntry;
    // A checkpoint follows the last step before it.
    if (type === "step" && (step + 1) % every !== 0) return void process.kill(pid, "SIGKILL");
    process.kill(pid, "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("a training of the studio", () => {
  test("runs to its end in a process of its own, and its log and samples can be read", async () => {
    const { app, get, post, reach, events } = await open();
    const told: string[] = [];
    events.subscribe((event) => event.type === "run" && told.push(event.run.state));
    const started = await post("/api/runs", tiny);
    expect(started).toMatchObject({ id: "run-1", state: "starting", preset: "small", from: null });
    const done = await reach("run-1", "done", "failed");
    expect(done).toMatchObject({ state: "done", step: 6, steps: 6, device: "cpu", error: null });
    expect(done.resumable).toBe(false);
    expect(told).toContain("running");
    const log = await logOf(done);
    const { lines, last } = await readEvents(app, "run-1", (count) => count === log.length);
    expect(lines).toEqual(log);
    expect(last).toMatch(new RegExp(`^${log.length}-[0-9a-f]{8}$`));
    const panel = /"file":"(samples\/[^"]+)"/.exec(log.join())![1]!;
    const sample = await app.request(`/api/runs/run-1/${panel}`);
    expect(sample.headers.get("content-type")).toBe("image/jpeg");
    for (const name of ["..%2fconfig.yaml", "other.jpg"]) {
      expect((await app.request(`/api/runs/run-1/samples/${name}`)).status).toBe(404);
    }
    expect((await get<Run[]>("/api/runs")).map(({ id }) => id)).toEqual(["run-1"]);
  });

  test("stops after its step, is found by the next server, and goes on to the same bits as one that never stopped", async () => {
    const first = await open();
    await first.post("/api/runs", { ...tiny, steps: 12 });
    await first.reach("run-2", "running");
    await waitUntil(() => first.runs.get("run-2").summary.step >= 3);
    const early = await readEvents(first.app, "run-2", (count) => count >= 4);
    await first.post("/api/runs/run-2/stop");
    const stopped = await first.reach("run-2", "stopped");
    expect(stopped.resumable).toBe(true);
    expect(stopped.resumeCommand).toBe(`tag2mask train --resume ${stopped.path}`);
    await first.runs.close();

    const second = await open();
    expect(second.runs.get("run-2").run).toEqual(stopped);
    const resumed = await second.post("/api/runs/run-2/resume");
    expect(resumed.state).toBe("starting");
    await second.reach("run-2", "done");
    const log = await logOf(stopped);
    const rest = await readEvents(second.app, "run-2", (count) => early.lines.length + count >= log.length, early.last); // prettier-ignore
    expect([...early.lines, ...rest.lines]).toEqual(log);
    const again = await second.post("/api/runs", { ...tiny, steps: 12 });
    await second.reach(again.id, "done");
    const weights = (run: Run) => readFile(join(run.path, "weights/last.safetensors"));
    expect((await weights(stopped)).equals(await weights(again))).toBe(true);
  });

  test("that is killed is told as failed, and a reader of its log is told what a resumption cuts off", async () => {
    const { runs, app, post, reach } = await open();
    const { id } = await post("/api/runs", { ...tiny, steps: 400, set: { ...tiny.set, "train.checkpointEvery": 4 } }); // prettier-ignore
    await waitUntil(() => runs.get(id).summary.step >= 5);
    const { holder, run } = runs.get(id);
    if (holder.state !== "running") throw new Error("no process trains");
    await killBetweenCheckpoints(holder.pid, run, 4);
    const failed = await reach(id, "failed");
    expect(failed).toMatchObject({ resumable: true });
    expect(failed.error).toMatch(/as if it was killed; the checkpoint of step \d+ is intact/);
    const before = await logOf(failed);
    const known = await readEvents(app, id, (count) => count === before.length);
    const following = readEvents(app, id, (count) => count > before.length, known.last);
    await post(`/api/runs/${id}/resume`);
    const after = await following;
    expect(after.cuts).toBe(1);
    await post(`/api/runs/${id}/stop`);
    const stopped = await reach(id, "stopped");
    // One who was away meanwhile starts over, as the line that it knows is another one now.
    const log = await logOf(stopped);
    const away = await readEvents(app, id, (count) => count === log.length, known.last);
    expect(away).toMatchObject({ lines: log, cuts: 1 });
  });

  test("goes on without the server, whose successor finds and stops it", async () => {
    const first = await open();
    const { id } = await first.post("/api/runs", { ...tiny, steps: 500 });
    await first.reach(id, "running");
    const second = await open();
    expect(second.runs.get(id).run.state).toBe("running");
    const refused = await second.post<Failure>("/api/runs", tiny);
    expect(refused.code).toBe("conflict");
    await second.post(`/api/runs/${id}/stop`);
    await second.reach(id, "stopped");
  });

  test("begins with the weights of another run, and tells why it cannot", async () => {
    const { post, reach } = await open();
    const { id } = await post("/api/runs", { ...tiny, steps: 2, set: { ...tiny.set, "model.backbone": "mit_small" }, from: "run-1" }); // prettier-ignore
    const failed = await reach(id, "failed");
    expect(failed).toMatchObject({ resumable: false, from: "run-1" });
    expect(failed.error).toContain("mit_tiny");
    const set = Object.fromEntries(Object.entries(tiny.set).filter(([key]) => key !== "model.backbone")); // prettier-ignore
    const other = await post("/api/runs", { ...tiny, set, steps: 2, from: "run-1" });
    expect(await reach(other.id, "done", "failed")).toMatchObject({ from: "run-1", error: null });
  });
});

test("a training can be made of presets, named weights and the devices that work", async () => {
  const { get } = await open();
  const start = performance.now();
  const { presets, weights, devices } = await get<Choices>("/api/choices");
  // A driver that takes a minute to fail is not waited for.
  expect(performance.now() - start).toBeLessThan(20_000);
  expect(presets.find(({ name }) => name === "small")).toMatchObject({ steps: 500, crop: 128 });
  expect(weights.find(({ name }) => name === "pvt_v2_b1")!.license).toBe("Apache-2.0");
  expect(devices.find(({ name }) => name === "cpu")).toEqual({ name: "cpu", works: true, reason: null }); // prettier-ignore
});
