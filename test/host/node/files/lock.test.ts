import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { nodeHost } from "../../../../src/host/node/host.ts";
import { RunDirectory } from "../../../../src/files/run/directory.ts";
import { RunLock } from "../../../../src/host/node/files/lock.ts";
import { UserError } from "../../../../src/user-error.ts";

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
  expect(readFileSync(path, "utf8")).toBe(`${process.pid}\n`);
  await lock.release();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ["torn", ""],
  ["of an older process with our number", `${process.pid}\n`],
])("a lock that is %s is taken over", async (_, content) => {
  writeFileSync(join(root, "run.lock"), content);
  await (await RunLock.take(root)).release();
});

test.skipIf(process.platform !== "linux")(
  "a killed process that nobody waits for holds nothing",
  async () => {
    // The shell's child ends, but the program that the shell turns into never asks after it.
    const parent = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    for (let i = 0; i < 100 && !isDefunct(pid); i++) await new Promise((r) => setTimeout(r, 10));
    expect(isDefunct(pid)).toBe(true);
    writeFileSync(join(root, "run.lock"), `${pid}\n`);
    await (await RunLock.take(root)).release();
    parent.kill();
  },
);

function isDefunct(pid: number): boolean {
  return spawnSync("cat", [`/proc/${pid}/stat`])
    .stdout.toString()
    .includes(") Z ");
}
