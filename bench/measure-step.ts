import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Operations } from "../src/engine/graph/index.ts";
import { BatchLoader } from "../src/method/train/batch-loader.ts";
import { Checkpoints } from "../src/files/run/checkpoints.ts";
import { nodeRuntime } from "../src/host/node/ort/runtime.ts";
import type { NetworkState } from "../src/method/train/network-state.ts";
import type { Stepper, StepResult } from "../src/method/train/step.ts";
import { configurations, type recipe } from "./configurations.ts";
import { countedRuntime, type RunLog, type SessionRun } from "./counted-runtime.ts";
import { watchForeignLoad } from "./foreign-load.ts";
import { now, timed, type Job, type JobResult, type PartSample, type Workspace } from "./job.ts";
import { OperationCounter, type SessionKind } from "./operations.ts";
import { setUpStep } from "./step-setup.ts";
import { nodeHost } from "../src/host/node/host.ts";

/** Steps after the first that are not measured: memory and caches settle. */
const settling = 1;
const checkpoints = 3;

type StepJob = Extract<Job, { kind: "step" }>;
type Seconds = StepResult["seconds"];

/** Trains random weights with the trainer's own step: on noise, then on photographs from the loader. */
export async function measureStep(
  { name, threads, runs }: StepJob,
  workspace: Workspace,
): Promise<JobResult> {
  const configuration = configurations.find((c) => c.name === name)!;
  const log: RunLog = { runs: [], created: [], rssOfCreation: 0 };
  const runtime = countedRuntime(nodeRuntime({ threads }), now, log);
  const { config, network, state, pool, stepper, batch } = setUpStep(
    configuration,
    runtime,
    threads,
  );

  const others = watchForeignLoad(now);
  let step = 1;
  const first = await stepper.run(step++, batch);
  const firstRss = process.memoryUsage.rss();
  for (let i = 0; i < settling; i++) await stepper.run(step++, batch);
  const measured: Seconds[] = [];
  const sessions: SessionRun[] = [];
  let rss = 0;
  for (let i = 0; i < runs; i++) {
    log.runs.length = 0;
    measured.push((await stepper.run(step++, batch)).seconds);
    rss = Math.max(rss, process.memoryUsage.rss());
    sessions.push(...log.runs);
  }
  // Every step runs the same sessions.
  const own = log.runs.map(({ outputs }) => outputs);
  const fed = await fedSteps(stepper, network.classes, step, runs, config, workspace);
  // Before checkpoints, which are copied in memory before they are written: the peak of training alone.
  const peakRss = process.resourceUsage().maxRSS * 1024;
  const written = await writeCheckpoints(state, workspace);
  const foreignLoad = others();
  await stepper.release();
  // Not before: building graphs takes memory too.
  const counter = new OperationCounter(network, config, state.learned);
  const highest = (kind: SessionKind, of: (run: SessionRun) => number): number | null => {
    const seen = sessions.filter(({ outputs }) => counter.kind(outputs) === kind).map(of);
    return seen.length > 0 ? Math.max(...seen) : null;
  };
  // A crop each; of the runs in other threads the runtime here sees none.
  const runsOf = (kind: SessionKind): number =>
    pool && kind === "activations"
      ? config.data.batch
      : own.filter((outputs) => counter.kind(outputs) === kind).length;
  const count = (kind: SessionKind): Operations => counter.of(kind, runsOf(kind));
  const [passes, activations] = [count("step"), count("activations")];
  const whole: Operations = {
    matrix: passes.matrix + activations.matrix,
    total: passes.total + activations.total,
  };
  const part = (key: keyof Seconds): number[] => measured.map((seconds) => seconds[key] ?? 0);
  const parts: PartSample[] = [
    {
      name: "forward + backward",
      seconds: part("network"),
      ...{ rss: highest("step", ({ rssAfter }) => rssAfter), operations: passes },
    },
    {
      name: "CAM",
      seconds: part("cam"),
      rss: highest("activations", ({ rssAfter }) => rssAfter),
      operations: activations,
    },
    {
      name: "labels",
      seconds: part("labels"),
      ...{ rss: highest("step", ({ rssBefore }) => rssBefore), operations: null },
    },
    { name: "optimizer", seconds: part("optimizer"), rss, operations: null },
  ];
  const created = log.created.reduce((sum, seconds) => sum + seconds, 0);
  const size = `${(network.size / 1e6).toFixed(1)} M parameters`;
  return {
    group: `${name}, ${size}`,
    parts: [
      ...parts,
      {
        name: "whole step",
        seconds: part("total"),
        rss: peakRss,
        operations: whole,
      },
      ...fed,
      written,
      {
        name: "session creation",
        seconds: [created],
        rss: log.rssOfCreation,
        operations: null,
      },
      { name: "first step", seconds: [first.seconds.total], rss: firstRss, operations: null },
    ],
    foreignLoad,
  };
}

/** Steps whose batches come from JPEG files by the trainer's own loader, in threads beside the step. */
async function fedSteps(
  stepper: Stepper,
  classes: number,
  from: number,
  runs: number,
  { data, train }: ReturnType<typeof recipe>,
  { photographs }: Workspace,
): Promise<PartSample[]> {
  const { crop, batch, maxSide, scaleRange, flip, workers } = data;
  const loader = new BatchLoader(nodeHost, photographs, classes, {
    crop,
    batch,
    maxSide,
    scaleRange,
    flip,
    workers,
    seed: train.seed,
    strict: true,
  });
  const [whole, waited]: [number[], number[]] = [[], []];
  let rss = 0;
  try {
    // The first batch is waited for in any case.
    await loader.next(from);
    for (let step = from + 1; step <= from + runs; step++) {
      const start = now();
      const loaded = await loader.next(step);
      waited.push(now() - start);
      await stepper.run(step, loaded);
      whole.push(now() - start);
      rss = Math.max(rss, process.memoryUsage.rss());
    }
  } finally {
    await loader.close();
  }
  return [
    { name: "whole step, from JPEGs", seconds: whole, rss, operations: null },
    { name: "of it waiting for a batch", seconds: waited, rss: null, operations: null },
  ];
}

/** Checkpoints as a run writes them, on the disk when the time is taken. */
async function writeCheckpoints(state: NetworkState, { folder }: Workspace): Promise<PartSample> {
  const place = await mkdtemp(join(folder, "weights-"));
  const seconds: number[] = [];
  try {
    const files = new Checkpoints(nodeHost.store, place);
    for (let step = 1; step <= checkpoints; step++) {
      const save = (): unknown =>
        files.save({ step, tensors: state.tensors(), metadata: {} }, step === 1);
      seconds.push(await timed(save));
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  const rss = process.memoryUsage.rss();
  return { name: "checkpoint write", seconds, rss, operations: null };
}
