import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeScenes } from "../src/node/datasets/index.ts";
import { Random } from "../src/random.ts";

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
const cli = fileURLToPath(new URL("../src/node/cli/main.ts", import.meta.url));

/** Runs the command line; kills it `delay` ms after the given number of steps, if any. */
function run(args: readonly string[], kill?: { steps: number; delay: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...args, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    let made = 0;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{") || (JSON.parse(line) as { type?: string }).type !== "step") return;
      if (++made === kill?.steps) setTimeout(() => child.kill("SIGKILL"), kill.delay);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0 || signal === "SIGKILL") resolve(made);
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
  await writeScenes(data, { count: 48, valCount: 8, seed });
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
  for (let k = 1; k <= kills; k++) {
    const moment = {
      steps: 1 + random.int(Math.max(1, Math.floor((1.5 * steps) / kills))),
      delay: random.int(400),
    };
    const made = await run(args, moment);
    console.log(
      `kill ${k}: SIGKILL ${moment.delay} ms after ${moment.steps} steps of this session (${made} seen)`,
    );
    args = ["train", "--resume", broken];
  }
  await run(args);

  let different = 0;
  for (const file of ["weights/last.safetensors", "weights/best.safetensors"]) {
    const [a, b] = [await digest(whole, file), await digest(broken, file)];
    if (a !== b) different++;
    console.log(`${file}: ${a} ${a === b ? "=" : "≠"} ${b}`);
  }
  console.log(different === 0 ? `identical after ${kills} kills` : `${different} files differ`);
  process.exitCode = different === 0 ? 0 : 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
