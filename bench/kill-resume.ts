import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeScenes } from "../src/files/datasets/index.ts";
import { Random } from "../src/engine/random.ts";
import { nodeHost } from "../src/host/node/host.ts";

// Kills a training with SIGKILL at random moments, resumes it each time, and compares what is left
// with a run that was never stopped.
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    steps: { type: "string", default: "60" },
    seed: { type: "string", default: "1" },
  },
});
const [kills, steps, seed] = [Number(values.kills), Number(values.steps), Number(values.seed)];
const cli = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** Runs the command line; kills it `delay` ms after the given number of steps, if any. */
function run(
  args: readonly string[],
  kill?: { steps: number; delay: number },
): Promise<{ steps: number; killed: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...args, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    let steps = 0;
    if (kill?.steps === 0) setTimeout(() => child.kill("SIGKILL"), kill.delay);
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{") || (JSON.parse(line) as { type?: string }).type !== "step") return;
      if (++steps === kill?.steps) setTimeout(() => child.kill("SIGKILL"), kill.delay);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const killed = signal === "SIGKILL";
      if (code === 0 || killed) resolve({ steps, killed });
      else reject(new Error(`tag2mask ${args.join(" ")} ended with ${code}: ${errors}`));
    });
  });
}

async function digest(folder: string, file: string): Promise<string> {
  const bytes = await readFile(join(folder, file));
  return createHash("sha256").update(bytes).digest("hex").slice(0, 16);
}

const work = await mkdtemp(join(tmpdir(), "tag2mask-kill-"));
try {
  const data = join(work, "scenes");
  await writeScenes(nodeHost, data, { count: 48, valCount: 8, seed });
  const [whole, broken] = [join(work, "whole"), join(work, "broken")];
  const settings = [
    ...[
      "--data",
      data,
      "--preset",
      "small",
      "--steps",
      String(steps),
      "--seed",
      String(seed),
      "--device",
      "cpu",
    ],
    ...[
      `train.camSteps=${Math.floor(steps / 4)}`,
      `train.affinitySteps=${Math.floor(steps / 2)}`,
    ].flatMap((s) => ["--set", s]),
    ...["train.checkpointEvery=4", `train.validateEvery=${Math.floor(steps / 3)}`].flatMap((s) => [
      "--set",
      s,
    ]),
  ];
  console.log(`a run of ${steps} steps, never stopped`);
  await run(["train", ...settings, "--out", whole]);

  const random = Random.at(seed, "kill");
  let args = ["train", ...settings, "--out", broken];
  let killed = 0;
  for (let attempt = 1; killed < kills && attempt <= 2 * kills; attempt++) {
    // Some are killed before their first step, while they start and read the checkpoint.
    const early = random.chance(0.2);
    const moment = {
      steps: early ? 0 : 1 + random.int(Math.max(1, Math.floor((1.5 * steps) / kills))),
      delay: random.int(early ? 1500 : 400),
    };
    const session = await run(args, moment);
    if (session.killed) killed++;
    console.log(
      `kill ${killed}: ${moment.delay} ms after step ${moment.steps} of a session (${session.steps} seen)`,
    );
    // The first session may be killed before it has created the run.
    if (existsSync(join(broken, "config.yaml"))) args = ["train", "--resume", broken];
  }
  if (killed < kills)
    throw new Error(`only ${killed} of ${kills} sessions lived to be killed; use more --steps`);
  await run(args);

  let different = 0;
  for (const file of ["weights/last.safetensors", "weights/best.safetensors"]) {
    const [a, b] = [await digest(whole, file), await digest(broken, file)];
    if (a !== b) different++;
    console.log(`${file}: ${a} ${a === b ? "=" : "≠"} ${b}`);
  }
  console.log(different === 0 ? `identical after ${killed} kills` : `${different} files differ`);
  process.exitCode = different === 0 ? 0 : 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
