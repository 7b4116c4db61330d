import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TrainingSampler } from "../../src/data/sampler.ts";
import { cropActivations } from "../../src/eval/activations.ts";
import { floatingPointOperations } from "../../src/graph/index.ts";
import { openDataset } from "../../src/node/datasets/index.ts";
import { labelPool } from "../../src/node/label-pool.ts";
import { nodeRuntime } from "../../src/node/runtime.ts";
import { stepTensors } from "../../src/train/step-graph.ts";
import { NetworkState } from "../../src/train/network-state.ts";
import { Stepper } from "../../src/train/step.ts";
import { networkOf } from "../../src/train/trainer.ts";
import { randomBatch, recipe } from "../configurations.ts";
import { measureCrf } from "../crf-timing.ts";
import { watchForeignLoad } from "../foreign-load.ts";
import { now, timed } from "../job.ts";
import type { Task } from "./curves.ts";

/** What one process measured at one point. */
export interface Measured {
  readonly seconds: readonly number[];
  /** Bytes: the highest that the process had in memory. */
  readonly rss: number;
  /** Floating-point operations of one step, 10^9; null for what is no graph. */
  readonly gflop: number | null;
  readonly foreignLoad: number;
}

const seed = 1;
const measuredSteps = 3;

export async function measureTask(task: Task): Promise<Measured> {
  if (task.kind === "listing") return measureListing(task.entries);
  return watched(() => (task.kind === "step" ? measureSteps(task) : Promise.resolve(crf(task))));
}

/** With memory and load of just this. */
async function watched(
  measure: () => Promise<Pick<Measured, "seconds" | "gflop">>,
): Promise<Measured> {
  const others = watchForeignLoad(now);
  const { seconds, gflop } = await measure();
  return { seconds, gflop, rss: process.resourceUsage().maxRSS * 1024, foreignLoad: others() };
}

function crf(task: Extract<Task, { kind: "crf" }>): Pick<Measured, "seconds" | "gflop"> {
  return { seconds: [measureCrf(task)], gflop: null };
}

/** Steps of the dearest phase on noise; the first, which makes the sessions, and one more are left out. */
async function measureSteps(
  task: Extract<Task, { kind: "step" }>,
): Promise<Pick<Measured, "seconds" | "gflop">> {
  const configuration = { ...task, name: task.backbone, preset: "voc" } as const;
  const config = recipe(configuration);
  const classes = Array.from({ length: task.classes }, (_, i) => `class ${i}`);
  const network = networkOf(config, classes);
  const state = new NetworkState(network, config.train);
  state.load(network.initialize(seed));
  const cores = task.threads ?? availableParallelism();
  const { parameters } = state;
  const pool = labelPool(network, { config, classes, parameters, cores, device: "cpu" });
  const runtime = nodeRuntime({ threads: cores });
  const stepper = new Stepper(runtime, network, state, config, now, pool ?? undefined);
  const batch = randomBatch(configuration, seed);
  const seconds: number[] = [];
  for (let step = 1; step <= 2 + measuredSteps; step++) {
    const { total } = (await stepper.run(step, batch)).seconds;
    if (step > 2) seconds.push(total);
  }
  await stepper.release();
  const { data, model, pseudo } = config;
  const { outputs } = stepTensors(network, {
    ...{ kind: "full", batch: data.batch, crop: data.crop, learned: state.learned },
    ...{ dropPath: model.dropPath > 0, dropout: model.dropout > 0 },
  });
  const activations = cropActivations(network, { scales: pseudo.scales, side: data.crop });
  const count = (tensors: typeof outputs): number =>
    floatingPointOperations(Object.values(tensors)).total;
  return { seconds, gflop: (count(outputs) + data.batch * count(activations)) / 1e9 };
}

/** As a training opens a folder of images with `tags.csv`, in an order that is not the folder's. */
async function measureListing(entries: number): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "tag2mask-listing-"));
  try {
    // In a process of its own: what it leaves in memory is not the cost of opening.
    const path = fileURLToPath(new URL("./write-listing.ts", import.meta.url));
    const [code] = (await once(fork(path, [folder, String(entries)]), "exit")) as [number | null];
    if (code !== 0) throw new Error(`listing: writing ${entries} images ended with code ${code}`);
    const open = async (): Promise<void> => {
      const data = await openDataset(folder, { training: true });
      new TrainingSampler(data.splits["train"]!, seed, 8).batchPlan(0);
    };
    return await watched(async () => ({ seconds: [await timed(open)], gflop: null }));
  } finally {
    // The asynchronous one keeps something of every file in memory.
    rmSync(folder, { recursive: true, force: true });
  }
}
