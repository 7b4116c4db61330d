import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Settings of a training that takes less than a second: all phases, two validations, a checkpoint every second step. */
const settings = {
  ...{ "model.backbone": "mit_tiny", "model.decoderWidth": 16 },
  ...{ "data.crop": 64, "data.batch": 1, "data.workers": 0, "pseudo.radius": 1 },
  ...{ "pseudo.scales": [1], "eval.scales": [1], "eval.longSide": 64, "eval.minSide": 0 },
  ...{ "train.camSteps": 2, "train.affinitySteps": 4 },
  ...{ "train.checkpointEvery": 2, "train.validateEvery": 3 },
};

const report = { command: "bench", versions: {} };

/** Writes the few scenes to train on. */
export async function writeData(folder: string): Promise<void> {
  const { writeScenes } = await import("../../src/files/datasets/index.ts");
  const { nodeHost } = await import("../../src/host/node/host.ts");
  await writeScenes(nodeHost, folder, { count: 8, valCount: 1, seed: 1, size: 64 });
}

/** Trains into a run folder, or goes on where a training in it stopped, as the message of either says. */
export async function startOrResume(data: string, run: string): Promise<void> {
  const { resumeTraining, trainModel } = await import("../../src/jobs/train.ts");
  const { nodeHost } = await import("../../src/host/node/host.ts");
  // All in one thread, where compiled graphs are shared; other threads write no files.
  const host = { ...nodeHost, machine: { ...nodeHost.machine, cores: 1 } };
  const events = existsSync(join(run, "config.yaml"))
    ? resumeTraining(host, { run, report })
    : trainModel(host, { data, out: run, steps: 6, set: settings, device: "cpu", report });
  for await (const event of events) void event;
}

/** The differences between a run that was killed and resumed, and one that never stopped. */
export function differences(run: string, whole: string): string[] {
  const found: string[] = [];
  for (const name of ["last", "best"]) {
    const [a, b] = [run, whole].map((folder) =>
      readFileSync(join(folder, "weights", `${name}.safetensors`)),
    );
    if (!a!.equals(b!)) found.push(`${name}.safetensors differs`);
  }
  if (logOf(run) !== logOf(whole)) found.push("log.jsonl differs");
  const [files, expected] = [run, whole].map((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => path.replace(/events\.out.*/, "events"))
      .sort(),
  );
  for (const path of files!) if (!expected!.includes(path)) found.push(`${path} is left`);
  for (const path of expected!) if (!files!.includes(path)) found.push(`${path} is missing`);
  return found;
}

/** The log without times and lengths. */
function logOf(run: string): string {
  const text = readFileSync(join(run, "log.jsonl"), "utf8");
  return text.replace(/"seconds":\{[^}]*\}|"eventBytes":\d+/g, "");
}
