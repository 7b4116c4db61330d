import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { RunDirectory } from "../../../../src/files/run/directory.ts";
import { Heartbeats } from "../../../../src/host/node/files/heartbeat.ts";
import { readLock } from "../../../../src/host/node/files/lock-file.ts";
import { RunLock } from "../../../../src/host/node/files/lock.ts";
import { ProcessLock } from "../../../../src/host/node/files/process-lock.ts";
import { thisProcess } from "../../../../src/host/node/process-identity.ts";
import { UserError } from "../../../../src/user-error.ts";

const elsewhere = { host: "gpu-7", boot: "b", space: "pid:[1]", pid: 4711, start: "5" };

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test("a live run cannot be opened again, and nothing of it is touched", async () => {
  const run = await RunDirectory.create(nodeHost, { root, config: {} });
  const half = join(run.path, "weights", ".step-000001.safetensors.1-2.tmp");
  writeFileSync(half, "being written");
  const again = RunDirectory.open(nodeHost, run.path);
  await expect(again).rejects.toThrow(UserError);
  await expect(again).rejects.toThrow(`exp: process ${process.pid} is training in it`);
  expect(existsSync(half)).toBe(true);
  await run.close();
  const opened = await RunDirectory.open(nodeHost, run.path);
  await expect(RunDirectory.open(nodeHost, run.path)).rejects.toThrow(/is training in it/);
  await opened.run.close();
  expect(existsSync(join(run.path, "run.lock"))).toBe(false);
});

test("the lock of another live process counts, that of a dead one does not", async () => {
  const path = join(root, "run.lock");
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeFileSync(path, `${child.pid}\n`);
  await expect(RunLock.take(root)).rejects.toThrow(
    `process ${child.pid} is training in it; wait for it or stop it; if that process is not a training, remove ${path}`,
  );
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await RunLock.take(root);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject(thisProcess());
  await lock.release();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ["that was cut short", ""],
  ["of an older version's process with our number", `${process.pid}\n`],
  ["of an earlier process with our number", { ...thisProcess(), start: "1" }],
  ["of a machine that has not been heard of for two minutes", { ...elsewhere, pid: 1 }],
])("a lock %s is taken over", async (_, content) => {
  writeLock(content, 121);
  await (await RunLock.take(root)).release();
  expect(readdirSync(root)).toEqual([]);
});

test.each([
  ["another machine", elsewhere, "gpu-7"],
  [
    "another container, where it has our number",
    { ...thisProcess(), space: "pid:[7]" },
    hostname(),
  ],
  ["the machine's life before a restart", { ...thisProcess(), boot: "earlier" }, hostname()],
])("a lock from %s counts while its heartbeat is fresh", async (_, owner, host) => {
  writeLock(owner, 119);
  await expect(RunLock.take(root)).rejects.toThrow(
    new RegExp(
      `process ${owner.pid} of ${host}, another machine or container, is training in it since 2026-01-02 03:04:05 UTC, ` +
        "last heard of 119 s ago; wait for it or stop it there; if it was killed, it counts as ended 2 minutes after",
    ),
  );
});

test("a lock without content counts for a moment: a disk without links shows it before it is written", async () => {
  writeLock("", 0);
  await expect(RunLock.take(root)).rejects.toThrow(/another process is about to train in it/);
});

test("three takers of one lock: exactly one gets it, dead or free, also where one was killed while taking it", async () => {
  const path = join(root, "run.lock");
  for (let round = 0; round < 50; round++) {
    const dead = { ...thisProcess(), start: "1", token: `dead-${round}` };
    if (round % 3 > 0) writeLock(dead, 121);
    // Killed between taking the right to replace the lock and doing so.
    if (round % 3 > 1) writeLock({ ...dead, token: "x" }, 121, `.run.lock.dead-${round}.tmp`);
    const takers = ["a", "b", "c"].map((space) => ({ ...thisProcess(), space }));
    const taken = await Promise.all(
      takers.map(async (taker, i) => {
        // Some come while another is in the middle of it.
        for (let turn = 0; turn < (i * round) % 23; turn++) await new Promise(setImmediate);
        return ProcessLock.take(path, taker);
      }),
    );
    const winners = taken.filter((lock) => lock instanceof ProcessLock);
    expect(winners.length).toBe(1);
    expect(await winners[0]!.isIntact()).toBe(true);
    await winners[0]!.release();
    expect(readdirSync(root)).toEqual([]);
  }
});

test.each([
  ["ASCII", hostname()],
  ["letters of several bytes", "gerät-七"],
])("a heartbeat is renewed in place, in its own lock alone: host of %s", async (_, host) => {
  const path = join(root, "run.lock");
  const lock = (await ProcessLock.take(path, { ...thisProcess(), host })) as ProcessLock;
  const [before, { token }] = [readFileSync(path, "utf8"), (await readLock(path))!];
  const other = join(root, "other.lock");
  writeFileSync(other, before.replace(token, "another"));
  const changes = watch(path);
  const beats = new Heartbeats(0.002);
  const stops = [path, other].map((one) => beats.start({ path: one, token }));
  await once(changes, "change");
  for (const stop of stops) stop();
  changes.close();
  const after = readFileSync(path, "utf8");
  expect(after).not.toBe(before);
  expect(withoutHeartbeat(after)).toBe(withoutHeartbeat(before));
  expect(readFileSync(other, "utf8")).toBe(before.replace(token, "another"));
  await lock.release();
});

test("a lock that someone removed or took is noticed, and another's is never removed", async () => {
  const lock = await RunLock.take(root);
  await expect(lock.check()).resolves.toBeUndefined();
  writeLock(elsewhere, 0);
  await expect(lock.check()).rejects.toThrow(/run\.lock: is no longer the lock of this process/);
  await lock.release();
  expect(existsSync(join(root, "run.lock"))).toBe(true);
  rmSync(root, { recursive: true });
  await expect(lock.check()).rejects.toThrow(/the run folder was removed during the training/);
  await lock.release();
});

test.skipIf(process.platform !== "linux")(
  "a killed process that nobody waits for holds nothing",
  async () => {
    // The shell's child ends, but the program that the shell turns into never asks after it.
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    while (!isDefunct(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
    writeFileSync(join(root, "run.lock"), `${pid}\n`);
    await (await RunLock.take(root)).release();
    parent.kill();
  },
);

/** Writes a lock file that was last changed so many seconds ago. */
function writeLock(content: string | object, age: number, name = "run.lock"): void {
  const path = join(root, name);
  const since = "2026-01-02T03:04:05.678Z";
  const record = { token: "t", since, heartbeat: since };
  const text = typeof content === "string" ? content : JSON.stringify({ ...record, ...content });
  writeFileSync(path, text);
  const time = Date.now() / 1000 - age;
  utimesSync(path, time, time);
}

function withoutHeartbeat(text: string): string {
  return text.replace(/"heartbeat":"[^"]*"/, "");
}

function isDefunct(pid: number): boolean {
  return spawnSync("cat", [`/proc/${pid}/stat`])
    .stdout.toString()
    .includes(") Z ");
}
