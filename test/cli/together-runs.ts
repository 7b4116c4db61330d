import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeScenes } from "../../src/files/datasets/index.ts";
import { nodeHost } from "../../src/host/node/host.ts";

/** The command line, as a file to start. */
export const mainFile = new URL("../../src/cli/main.ts", import.meta.url);

/** All phases, in micro-batches of two crops. */
const settings = [
  ...["--set", "model.backbone=mit_tiny", "--set", "model.decoderWidth=16"],
  ...["--set", "model.dropPath=0.1", "--set", "model.dropout=0.1"],
  ...["--set", "data.crop=64", "--set", "data.workers=0", "--set", "pseudo.radius=1"],
  ...["--set", "train.camSteps=1", "--set", "train.affinitySteps=3", "--set", "train.microBatch=2"],
  ...["--set", "eval.longSide=64", "--set", "eval.minSide=0", "--batch", "8", "--device", "cpu"],
];

/** Arguments of a training with all phases in five steps and two validations. */
export function shortTraining(data: string, out: string): string[] {
  const place = ["train", "--data", data, "--out", out];
  return [...place, ...settings, "--steps", "5", "--set", "train.validateEvery=3"];
}

/** Arguments of one with so many steps that whatever happens after the first finds the training under way. */
export function longTraining(data: string, out: string, steps = 40): string[] {
  const place = ["train", "--data", data, "--out", out];
  const rare = ["--set", `train.validateEvery=${steps}`, "--set", "train.checkpointEvery=2"];
  return [...place, ...settings, "--steps", String(steps), ...rare];
}

/** Writes a data set of a few tiny scenes. */
export async function writeFewScenes(folder: string, seed = 0): Promise<string> {
  await writeScenes(nodeHost, folder, { count: 16, valCount: 4, seed, size: 64 });
  return folder;
}

/** Runs the command in one process with one thread, as each of several processes has. */
export function runAlone(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): { code: number | null; output: string } {
  const command = ["-c", "0", process.execPath, "--import", "tsx", mainFile.pathname, ...args];
  const env = { ...process.env, ...environment };
  const { status, stdout, stderr } = spawnSync("taskset", command, { encoding: "utf8", env });
  return { code: status, output: stdout + stderr };
}

/** Digest of the weights, buffers, moments and settings that a run ended with. */
export function digestOf(run: string): string {
  const bytes = readFileSync(join(run, "weights", "last.safetensors"));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

/** Losses and scores as the log has them; seconds differ from run to run. */
export function logOf(run: string): unknown[] {
  const lines = readFileSync(join(run, "log.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ type }) => type !== "checkpoint")
    .map((entry) => ({ ...entry, seconds: undefined, panels: undefined }));
}

/** The last line of `--json`. */
export function resultOf(output: string): Record<string, unknown> {
  const line = output.split("\n").findLast((text) => text.startsWith("{"));
  return JSON.parse(line ?? "{}") as Record<string, unknown>;
}

/** Numbers of the processes with an argument that contains this text. */
export function processesWith(argument: string): number[] {
  return readdirSync("/proc").flatMap((id) =>
    /^\d+$/.test(id) && readProcess(id, "cmdline").includes(argument) ? [Number(id)] : [],
  );
}

/** Sends a signal to one rank of the processes with this argument. */
export function signalRank(argument: string, rank: number, signal: NodeJS.Signals): void {
  const variable = new RegExp(`(^|\\0)(OMPI_COMM_WORLD_RANK|PMI_RANK)=${rank}\\0`);
  const found = processesWith(argument).filter((id) =>
    variable.test(readProcess(String(id), "environ")),
  );
  if (found.length !== 1) throw new Error(`rank ${rank}: ${found.length} processes`);
  process.kill(found[0]!, signal);
}

function readProcess(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
