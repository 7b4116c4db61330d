import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/method/config.ts";
import { HubServer } from "../test/hub/server.ts";
import { publishWeights } from "./photos-guide/hub.ts";
import { peakMemory } from "./peak-memory.ts";
import { summarize } from "./summary.ts";

// How long docs/photos.md takes: a short training of the preset `own` in all three phases, then masks of the images by class
// activations and by the segmentation with CRF. `npx tsx bench/photos-timing.ts --data FOLDER`, alone on the machine.
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    steps: { type: "string", default: "24" },
    images: { type: "string", default: "200,1000" },
  },
});
if (values.data === undefined) throw new Error("usage: photos-timing.ts --data FOLDER");
const { data } = values;
const steps = Number(values.steps);
/** Images of the validation that is measured. */
const validated = 4;
const cli = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const work = await mkdtemp(join(tmpdir(), "tag2mask-photos-timing-"));

/** A line that a command prints. */
interface Line {
  readonly type?: string;
  readonly phase?: string;
  readonly seconds?: { readonly total: number };
  /** Milliseconds since the process began, when the line came. */
  readonly at: number;
}

interface Outcome {
  readonly lines: readonly Line[];
  readonly seconds: number;
  /** Peak resident memory, bytes. */
  readonly peak: number;
}

/** Runs a command in a process of its own. */
function run(args: readonly string[]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...args, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: join(work, "home") },
    });
    const lines: Line[] = [];
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, peakMemory(child.pid!))), 200);
    createInterface({ input: child.stdout }).on("line", (line) =>
      lines.push({ ...(JSON.parse(line) as Line), at: performance.now() - started }),
    );
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      if (code !== 0) return reject(new Error(`tag2mask ${args.join(" ")} ended with ${code}`));
      resolve({ lines, seconds: (performance.now() - started) / 1000, peak });
    });
  });
}

/** Median seconds of the steps in a phase; its first two, which build graphs and allocate memory, do not count. */
function secondsOf(phase: string, lines: readonly Line[]): number {
  const all = lines.filter((line) => line.type === "step" && line.phase === phase);
  return summarize(all.slice(2).map((line) => line.seconds!.total)).median;
}

/** Seconds of the validation after the last step. */
function validationSeconds(lines: readonly Line[]): number {
  const lastStep = lines.findLast(({ type }) => type === "step")!;
  return (lines.findLast(({ type }) => type === "validation")!.at - lastStep.at) / 1000;
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`;
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
await publishWeights(join(work, "repositories"), "pvt_v2_b1");
const hub = await HubServer.start(join(work, "repositories"));
try {
  const model = join(work, "run");
  const share = [
    `train.camSteps=${Math.floor(steps / 4)}`,
    `train.affinitySteps=${Math.floor(steps / 2)}`,
  ];
  const settings = [...share, "train.validateEvery=0", `eval.maxImages=${validated}`];
  const trained = await run([
    ...[
      "train",
      "--data",
      data,
      "--weights",
      "pvt_v2_b1",
      "--out",
      model,
      "--steps",
      String(steps),
    ],
    ...[...settings.flatMap((one) => ["--set", one]), "--device", "cpu"],
  ]);
  const [tags, cam, affinity] = ["classification", "pseudo", "affinity"].map((phase) =>
    secondsOf(phase, trained.lines),
  );
  const validation = validationSeconds(trained.lines) / validated;
  console.log(
    `seconds a step: ${tags!.toFixed(2)} from tags alone, ${cam!.toFixed(2)} with labels of the CAM, ` +
      `${affinity!.toFixed(2)} with those of the affinity; ${validation.toFixed(2)} s an image of a validation; ` +
      `peak memory ${gigabytes(trained.peak)}`,
  );
  for (const images of values.images.split(",").map(Number)) {
    const { train } = parseConfig({ preset: "own", images });
    const { steps: all, camSteps, affinitySteps, validateEvery } = train;
    const training =
      camSteps * tags! + (affinitySteps - camSteps) * cam! + (all - affinitySteps) * affinity!;
    // A tenth of the images is held out.
    const validating = (all / validateEvery) * 0.1 * images * validation;
    console.log(
      `${images} training images: ${all} steps in ${hours(training)}, ${Math.round(all / validateEvery)} validations of ` +
        `${Math.round(0.1 * images)} images in ${hours(validating)}`,
    );
  }
  for (const options of [
    ["--from", "cam"],
    ["--from", "affinity"],
    ["--from", "segmentation"],
  ]) {
    const out = join(work, options[1]!);
    const labeled = await run([
      "label",
      "--model",
      model,
      "--data",
      data,
      "--out",
      out,
      ...options,
    ]);
    const { masks, seconds } = labeled.lines.at(-1) as unknown as {
      masks: number;
      seconds: number;
    };
    console.log(
      `label ${options.join(" ")}: ${(seconds / masks).toFixed(2)} s an image, peak memory ${gigabytes(labeled.peak)}`,
    );
  }
} finally {
  await hub.close();
  await rm(work, { recursive: true, force: true });
}
