import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { vocClasses } from "../src/method/images/classes.ts";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { networkOf } from "../src/method/model/network-of.ts";
import { encodeSafetensors } from "../src/files/weights/safetensors.ts";
import { writeMiniCoco, writeMiniVoc } from "../test/files/datasets/trees.ts";
import { peakMemory } from "./peak-memory.ts";

// The published recipes at their own size, a few steps long, on miniature trees in the true formats:
// training from an encoder's weights, then evaluation with scales, flips and CRF. Says what each took.
const { values } = parseArgs({
  options: {
    steps: { type: "string", default: "30" },
    crop: { type: "string", default: "512" },
    batch: { type: "string", default: "2" },
    backbone: { type: "string", default: "mit_b1" },
    "max-gigabytes": { type: "string", default: "6" },
  },
});
const { steps, crop, batch, backbone } = values;
const cli = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

interface Outcome {
  readonly seconds: number;
  /** Peak resident memory, bytes. */
  readonly peak: number;
  /** Its last line. */
  readonly result: Record<string, unknown>;
}

/** Runs the command line in a process of its own. */
function run(args: readonly string[]): Promise<Outcome> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", cli, ...args, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    let peak = 0;
    const look = (): void => void (peak = Math.max(peak, peakMemory(child.pid!)));
    const timer = setInterval(look, 100);
    child.stdout.on("data", (chunk: Buffer) => {
      look();
      text += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      if (code !== 0) return reject(new Error(`tag2mask ${args.join(" ")} ended with ${code}`));
      const last = text.trimEnd().split("\n").at(-1)!;
      const seconds = (performance.now() - start) / 1000;
      resolve({ seconds, peak, result: JSON.parse(last) as Record<string, unknown> });
    });
  });
}

/** An encoder as pretraining leaves it: names without prefix, a head of 1000 classes. */
async function writeEncoder(path: string): Promise<void> {
  const config = { model: { backbone, pooling: "max", decoderWidth: 256 } };
  const network = networkOf(config as Parameters<typeof networkOf>[0], vocClasses);
  const encoder = Object.entries(network.initialize(0)).flatMap(([name, array]) =>
    name.startsWith("encoder.") ? [[name.slice("encoder.".length), array] as const] : [],
  );
  const width = backbone === "mit_b0" ? 256 : 512;
  const head = { dtype: "float32", shape: [1000, width], data: new Float32Array(1000 * width) };
  const tensors = { ...Object.fromEntries(encoder), "head.weight": head as (typeof encoder)[0][1] };
  await writeFileAtomic(path, encodeSafetensors(tensors));
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const work = await mkdtemp(join(tmpdir(), "tag2mask-dry-run-"));
try {
  const weights = join(work, `${backbone}.safetensors`);
  await writeEncoder(weights);
  const trees = [
    { name: "VOC 2012", preset: "voc", write: (root: string) => writeMiniVoc(root) },
    {
      name: "COCO 2014",
      preset: "coco",
      write: (root: string) => writeMiniCoco(root, { layout: "json" }),
    },
  ];
  let highest = 0;
  for (const { name, preset, write } of trees) {
    const [data, out] = [join(work, `data-${preset}`), join(work, `run-${preset}`)];
    await write(data);
    const recipe = ["--preset", preset, "--backbone", backbone!, "--weights", weights];
    const size = ["--steps", steps!, "--crop", crop!, "--batch", batch!, "--device", "cpu"];
    const train = await run(["train", "--data", data, "--out", out, ...recipe, ...size]);
    const views = ["--scales", "1,0.5,0.75", "--flip", "--crf", "--device", "cpu"];
    const evaluated = await run(["eval", "--model", out, "--data", data, ...views]);
    highest = Math.max(highest, train.peak, evaluated.peak);
    console.log(
      `${name}: ${steps} steps of ${backbone}, crop ${crop}, batch ${batch} in ${train.seconds.toFixed(0)} s, ` +
        `peak memory ${gigabytes(train.peak)}; eval with scales, flip and CRF in ` +
        `${evaluated.seconds.toFixed(0)} s, ${gigabytes(evaluated.peak)}: ` +
        JSON.stringify(evaluated.result["metrics"]),
    );
  }
  const limit = Number(values["max-gigabytes"]);
  if (highest > limit * 1e9) {
    throw new Error(`dry run: peak memory ${gigabytes(highest)}, more than ${limit} GB`);
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
