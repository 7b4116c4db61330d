import { spawn } from "node:child_process";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeSafetensors } from "../../src/files/weights/safetensors.ts";
import { commandLine } from "../built.ts";
import { fewScenes, temporaryFolder, tiny } from "./scenes.ts";
import { tag2mask } from "./terminal.ts";

const folder = temporaryFolder();
const data = join(folder, "scenes");
const whole = join(folder, "whole");
const settings = ["--steps", "14", "--set", "train.checkpointEvery=3", ...tiny];

beforeAll(async () => {
  await fewScenes(data);
  const { code } = await tag2mask("train", "--data", data, "--out", whole, ...settings);
  expect(code).toBe(0);
});

/** Trains in a process of its own that gets a signal after so many steps. */
async function trainUntil(
  signal: NodeJS.Signals,
  steps: number,
  out: string,
  more: readonly string[] = [],
): Promise<{ code: number | null; stderr: string }> {
  const args = [...commandLine, "train", "--data", data, "--out", out];
  const child = spawn(process.execPath, [...args, ...settings, ...more, "--json"]);
  let stdout = "";
  let stderr = "";
  let sent = false;
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (sent || stdout.split('"type":"step"').length <= steps) return;
    sent = true;
    child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}

/** Names of the tensors that differ in a bit between the last checkpoints of two runs. */
function differences(a: string, b: string): string[] {
  const [first, second] = [a, b].map((run) => {
    const file = join(run, "weights", "last.safetensors");
    return decodeSafetensors(readFileSync(file), file).tensors;
  });
  expect(Object.keys(second!)).toEqual(Object.keys(first!));
  return Object.keys(first!).filter((name) => {
    const bytes = [first, second].map((tensors) => {
      const { buffer, byteOffset, byteLength } = tensors![name]!.data;
      return Buffer.from(buffer, byteOffset, byteLength);
    });
    return !bytes[0]!.equals(bytes[1]!);
  });
}

/** Losses and scores as the log has them; seconds differ from run to run. */
function logOf(run: string): unknown[] {
  const lines = readFileSync(join(run, "log.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type !== "checkpoint")
    .map((entry) => ({ ...entry, seconds: undefined, panels: undefined }));
}

describe("a run that was cut off", () => {
  test.each([
    ["Ctrl-C", "SIGINT"],
    ["a closed terminal", "SIGHUP"],
  ] as const)(
    "by %s saves, says how to go on, and goes on with the same bits",
    async (_, signal) => {
      const run = join(folder, signal);
      const { code, stderr } = await trainUntil(signal, 4, run);
      expect(code).toBe(130);
      expect(stderr).toMatch(
        /^tag2mask train: stopped after step \d+; continue with: tag2mask train --resume /,
      );
      expect((await tag2mask("train", "--resume", run, "--device", "cpu")).code).toBe(0);
      expect(differences(whole, run)).toEqual([]);
      expect(logOf(run)).toEqual(logOf(whole));
    },
  );

  test.each([1, 5])("by kill -9 after step %i goes on with the same bits", async (steps) => {
    const run = join(folder, `killed-${steps}`);
    await trainUntil("SIGKILL", steps, run);
    expect((await tag2mask("train", "--resume", run, "--device", "cpu")).code).toBe(0);
    expect(differences(whole, run)).toEqual([]);
    expect(logOf(run)).toEqual(logOf(whole));
    const left = readdirSync(run, { recursive: true, encoding: "utf8" });
    expect(left.filter((path) => path.endsWith(".tmp"))).toEqual([]);
  });
});

test("a run keeps the setting of its BatchNorm, and says so if that was changed before it goes on", async () => {
  const [run, changed] = [join(folder, "norm"), join(folder, "norm-changed")];
  const set = ["--set", "train.microBatch=1", "--set", "train.syncNorm=true"];
  await trainUntil("SIGINT", 4, run, set);
  cpSync(run, changed, { recursive: true });
  const file = join(changed, "config.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toContain("syncNorm: true");
  writeFileSync(file, text.replace("syncNorm: true", "syncNorm: false"));

  const same = await tag2mask("train", "--resume", run, "--device", "cpu");
  const other = await tag2mask("train", "--resume", changed, "--device", "cpu");
  expect([same.code, other.code]).toEqual([0, 0]);
  expect(same.stderr).not.toContain("syncNorm");
  expect(other.stderr).toMatch(
    /until step \d+ train\.syncNorm was true, and is false now: from here on the decoder's BatchNorm/,
  );
  expect(differences(run, changed)).not.toEqual([]);
});
