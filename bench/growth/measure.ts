import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { TrainingSampler } from "../../src/method/data/sampler.ts";
import { openDataset } from "../../src/files/datasets/index.ts";
import { nodeRuntime } from "../../src/host/node/ort/runtime.ts";
import { drawnImage, timeCrf } from "../crf-timing.ts";
import { watchForeignLoad } from "../foreign-load.ts";
import { now, timed } from "../job.ts";
import { measureApart } from "../measure-apart.ts";
import { OperationCounter } from "../operations.ts";
import { setUpStep } from "../step-setup.ts";
import type { Task } from "./curves.ts";
import { nodeHost } from "../../src/host/node/host.ts";

/** Measurements of one process at one point. */
export interface Measured {
  readonly seconds: readonly number[];
  /** Peak resident size of the process, bytes. */
  readonly rss: number;
  /** Floating-point operations of one step, 10^9; null for tasks without a graph. */
  readonly gflop: number | null;
  readonly foreignLoad: number;
}

const seed = 1;
const measuredSteps = 3;
const measuredOpenings = 3;

export async function measureTask(task: Task): Promise<Measured> {
  if (task.kind === "listing") return measureListing(task);
  return watched(async () => {
    if (task.kind === "step") return measureSteps(task);
    return task.kind === "opening" ? opening(task) : crf(task);
  });
}

/** With memory and load of just this. */
async function watched(
  measure: () => Promise<Pick<Measured, "seconds" | "gflop">>,
): Promise<Measured> {
  const others = watchForeignLoad(now);
  const { seconds, gflop } = await measure();
  return { seconds, gflop, rss: process.resourceUsage().maxRSS * 1024, foreignLoad: others() };
}

function crf({
  width,
  height,
  classes,
}: Extract<Task, { kind: "crf" }>): Pick<Measured, "seconds" | "gflop"> {
  const { seconds } = timeCrf(drawnImage(width, height), classes);
  return { seconds: [seconds], gflop: null };
}

/** Steps of the dearest phase on noise; the first, which makes the sessions, and one more are left out. */
async function measureSteps(
  task: Extract<Task, { kind: "step" }>,
): Promise<Pick<Measured, "seconds" | "gflop">> {
  const configuration = { ...task, name: task.backbone, preset: "voc" } as const;
  const cores = task.threads ?? availableParallelism();
  const runtime = nodeRuntime({ threads: cores });
  const { config, network, state, stepper, batch } = setUpStep(configuration, runtime, cores);
  const seconds: number[] = [];
  for (let step = 1; step <= 2 + measuredSteps; step++) {
    const { total } = (await stepper.run(step, batch)).seconds;
    if (step > 2) seconds.push(total);
  }
  await stepper.release();
  const counter = new OperationCounter(network, config, state.learned);
  const passes = counter.of("activations", config.data.batch);
  return { seconds, gflop: (counter.of("step", 1).total + passes.total) / 1e9 };
}

/** Writes a data set in an order that is not the folder's, and opens it a few times, each in a process of its own. */
async function measureListing({
  entries,
  tagsAs,
}: Extract<Task, { kind: "listing" }>): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), "tag2mask-listing-"));
  try {
    const path = fileURLToPath(new URL("./write-listing.ts", import.meta.url));
    const [code] = (await once(fork(path, [folder, String(entries), tagsAs]), "exit")) as [
      number | null,
    ];
    if (code !== 0) throw new Error(`listing: writing ${entries} images ended with code ${code}`);
    const script = new URL("./measure-process.ts", import.meta.url);
    const task: Task = { kind: "opening", folder };
    const runs: Measured[] = [];
    for (let run = 0; run < measuredOpenings; run++) {
      runs.push(
        await measureApart<Measured>(script, [JSON.stringify(task)], "listing: an opening"),
      );
    }
    return {
      seconds: runs.flatMap(({ seconds }) => seconds),
      gflop: null,
      rss: Math.max(...runs.map(({ rss }) => rss)),
      foreignLoad: Math.max(...runs.map(({ foreignLoad }) => foreignLoad)),
    };
  } finally {
    // The asynchronous one keeps something of every file in memory.
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As a training opens it. */
async function opening({
  folder,
}: Extract<Task, { kind: "opening" }>): Promise<Pick<Measured, "seconds" | "gflop">> {
  const open = async (): Promise<void> => {
    const data = await openDataset(nodeHost, folder, { training: true });
    new TrainingSampler(data.splits["train"]!, seed, 8).batchPlan(0);
  };
  return { seconds: [await timed(open)], gflop: null };
}
