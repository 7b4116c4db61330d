import { writeScenes } from "../files/datasets/index.ts";
import { writeReport } from "../files/report/write-training.ts";
import { RunDirectory } from "../files/run/directory.ts";
import { resolveConfig, storedConfig, type SettingOptions } from "../files/run/settings.ts";
import { dirname, join } from "../files/text/path.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { Config } from "../method/config.ts";
import { claimFolder, releaseFolder, type ClaimedFolder } from "./claim-folder.ts";
import { measureStages, summarize, type MeasuredSeed, type SeedSummary } from "./compare-seeds.ts";
import { isAbort, reports, type JobOptions, type ProgressEvent } from "./events.ts";
import {
  reportInfo,
  runTraining,
  type PreparedTraining,
  type ReportFacts,
} from "./run-training.ts";
import type { TrainedEvent } from "./run-training.ts";
import { openTrainable } from "./open-trainable.ts";
import type { TrainJobEvent } from "./train.ts";

export interface DemoJob extends SettingOptions {
  /** Folder for the scenes and the run; the first free one of runs/demo, demo2, … by default. */
  readonly out?: string;
  /** Number of scenes for training and validation. */
  readonly images: number;
  /** Number of scenes for testing; by default one is added for every 14 others, or with `seeds` four. */
  readonly testImages?: number;
  readonly device: DeviceName;
  /** Train once with each of these seeds, and compare their scores. */
  readonly seeds?: readonly number[];
  readonly report: ReportFacts;
}

export type DemoEvent =
  | TrainJobEvent
  /** The scenes of a seed are about to be written. */
  | { readonly type: "scenes-started" }
  | { readonly type: "scenes"; readonly done: number; readonly total: number }
  | { readonly type: "scenes-done"; readonly images: number; readonly folder: string }
  /** The signal was aborted before the training; nothing is left behind. */
  | { readonly type: "canceled" }
  /** The demo of a single seed is done. */
  | ({
      readonly type: "tour-done";
      readonly scenes: string;
      readonly training: TrainedEvent;
    } & MeasuredSeed)
  | { readonly type: "seed"; readonly seed: number; readonly index: number; readonly of: number }
  | { readonly type: "measuring" }
  | ProgressEvent
  | ({ readonly type: "measured" } & MeasuredSeed)
  | {
      readonly type: "compared";
      readonly out: string;
      /** The file with all scores. */
      readonly file: string;
      readonly measured: readonly MeasuredSeed[];
      readonly summary: SeedSummary;
    };

/** Share of the scenes that is held out for validation: for the choice of a checkpoint and of the preset's settings. */
const valShare = 1 / 7;
/** Scenes for the final scores, which nothing is chosen on, as a share of the others: for a single seed, and for several. */
const testShares = { single: 1 / 14, several: 2 / 7 };

/** Runs the whole method on synthetic scenes, from tags to masks, for one seed or several. */
export async function* runDemo(
  host: Host,
  job: DemoJob,
  options: JobOptions = {},
): AsyncGenerator<DemoEvent, void> {
  const choice = await host.resolveDevice(job.device);
  yield { type: "device", choice };
  const place = await claimFolder(host, job.out);
  if (job.seeds) return yield* compareSeeds(host, job, place.folder, choice, options);
  const tested = yield* tour(host, job, place, choice, options);
  if (!tested) return;
  const { folder } = place;
  const { training, ...measured } = tested;
  await writeScores(host, folder, [measured]);
  yield { type: "tour-done", scenes: join(folder, "scenes"), training, ...measured };
}

/** Takes the tour with several seeds. */
async function* compareSeeds(
  host: Host,
  job: DemoJob,
  folder: string,
  device: DeviceChoice,
  options: JobOptions,
): AsyncGenerator<DemoEvent, void> {
  const { seeds = [] } = job;
  const measured: MeasuredSeed[] = [];
  for (const [index, seed] of seeds.entries()) {
    yield { type: "seed", seed, index, of: seeds.length };
    const place = await claimFolder(host, join(folder, `seed-${seed}`));
    const tested = yield* tour(host, { ...job, seed }, place, device, options);
    if (!tested) return;
    const { run, scores } = tested;
    measured.push({ seed, run, scores });
    yield { type: "measured", seed, run, scores };
  }
  const { file, summary } = await writeScores(host, folder, measured);
  yield { type: "compared", out: folder, file, measured, summary };
}

/** Writes the scores of every stage and seed. */
async function writeScores(
  host: Host,
  folder: string,
  measured: readonly MeasuredSeed[],
): Promise<{ file: string; summary: SeedSummary }> {
  const file = join(folder, "stages.json");
  const summary = summarize(measured);
  const data = `${JSON.stringify({ seeds: measured, summary }, null, 2)}\n`;
  await host.store.write([{ path: file, data }]);
  return { file, summary };
}

/**
 * Writes the scenes of one seed, trains on them and measures every stage on those for testing; returns undefined if the
 * signal is aborted before the end of the training.
 */
async function* tour(
  host: Host,
  job: DemoJob,
  place: ClaimedFolder,
  device: DeviceChoice,
  options: JobOptions,
): AsyncGenerator<DemoEvent, (MeasuredSeed & { readonly training: TrainedEvent }) | undefined> {
  const scenes = join(place.folder, "scenes");
  let prepared: PreparedTraining;
  try {
    const config = await resolveConfig(host.store, job, "small");
    prepared = yield* prepare(host, scenes, job, config, device, options);
  } catch (error) {
    await host.store.remove(scenes);
    await releaseFolder(host, place);
    if (!isAbort(error, options.signal)) throw error;
    yield { type: "canceled" };
    return undefined;
  }
  const training = yield* runTraining(host, prepared, options);
  if (training.type !== "trained") return undefined;
  yield { type: "measuring" };
  const { run } = training;
  const stages = yield* measureStages(host, run, scenes, device);
  const { scores } = stages;
  await writeReport(host, run, { ...reportInfo(prepared), stages });
  return { seed: job.seed ?? 0, run, scores, training };
}

/** Writes the scenes and creates the run folder beside them; throws the signal's reason once it is aborted. */
async function* prepare(
  host: Host,
  scenes: string,
  { images, testImages, seed = 0, seeds, report: facts }: DemoJob,
  config: Config,
  device: DeviceChoice,
  { signal }: JobOptions,
): AsyncGenerator<DemoEvent, PreparedTraining> {
  const testShare = seeds ? testShares.several : testShares.single;
  const testCount = testImages ?? Math.round(images * testShare);
  yield { type: "scenes-started" };
  yield* reports((report) =>
    writeScenes(host, scenes, {
      count: images,
      valCount: Math.round(images * valShare),
      testCount,
      seed,
      onProgress: (done, total) => {
        signal?.throwIfAborted();
        report({ type: "scenes", done, total } as const);
      },
    }),
  );
  yield { type: "scenes-done", images: images + testCount, folder: scenes };
  const data = yield* openTrainable(host, scenes, config, true);
  signal?.throwIfAborted();
  const run = await RunDirectory.create(host, {
    root: dirname(scenes),
    name: "train",
    config: storedConfig(host.store, config, { data: scenes, strict: true, device: device.device }),
  });
  if (signal?.aborted) await run.discard();
  signal?.throwIfAborted();
  return { run, data, config, device, strict: true, report: facts };
}
