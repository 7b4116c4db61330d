import { writeScenes } from "../files/datasets/index.ts";
import { writeReport } from "../files/report/write-training.ts";
import { RunDirectory } from "../files/run/directory.ts";
import { resolveConfig, storedConfig, type SettingOptions } from "../files/run/settings.ts";
import type { JobSettings } from "../files/formats/journal.ts";
import { UnfinishedJob } from "../files/formats/unfinished-job.ts";
import { basename, dirname, join } from "../files/text/path.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { Config } from "../method/config.ts";
import { checkEmpty } from "./check-free.ts";
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
import { reopenRun, type TrainJobEvent } from "./train.ts";

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
  /** The folder of the scenes and the run, and whether a demo that was stopped in it goes on. */
  | { readonly type: "place"; readonly folder: string; readonly continues: boolean }
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

/**
 * Runs the whole method on synthetic scenes, from tags to masks, for one seed or several. A demo that was stopped or killed in the
 * folder goes on if its settings are the same.
 */
export async function* runDemo(
  host: Host,
  job: DemoJob,
  options: JobOptions = {},
): AsyncGenerator<DemoEvent, void> {
  const choice = await host.resolveDevice(job.device);
  yield { type: "device", choice };
  const settings = await demoSettings(host, job, choice);
  const { store } = host;
  const place = await claimFolder(host, job.out);
  let state: UnfinishedJob | undefined;
  let isComplete = false;
  let isBegun = false;
  let hasFailed = false;
  try {
    state = await UnfinishedJob.claim(
      store,
      { path: place.folder, single: false },
      { settings, always: true },
    );
    if (!state.continues) await checkEmpty(store, place.folder, [], basename(state.folder));
    isBegun = true;
    await state.begin();
    yield { type: "place", folder: place.folder, continues: state.continues };
    const tour = { host, job, device: choice, state, options };
    isComplete = yield* job.seeds ? compareSeeds(tour, place.folder) : singleSeed(tour, place);
  } catch (error) {
    hasFailed = true;
    throw error;
  } finally {
    const close = async (): Promise<void> => {
      const ends = state && isBegun && (isComplete || (await leavesNothing(store, place, state)));
      await (ends ? state?.end() : state?.leave());
      await releaseFolder(host, place);
    };
    // A disk that fails may refuse this too; the first reason is the one to tell.
    await (hasFailed ? close().catch(() => undefined) : close());
  }
}

/**
 * Whether a demo that stops has finished nothing and left nothing in its folder. The state is what lets the same command go on
 * where it did, and clear up what a disk refused to remove.
 */
async function leavesNothing(
  store: Host["store"],
  { folder }: ClaimedFolder,
  state: UnfinishedJob,
): Promise<boolean> {
  if (!state.isVoid) return false;
  // A disk that cannot tell may hold something. Files are not the demo's own: until it is complete, it makes folders.
  const list = await store.list(folder, { hidden: true }).catch(() => undefined);
  return list?.folders.every((name) => name === basename(state.folder)) ?? false;
}

/** Settings that a demo depends on, by name. */
async function demoSettings(
  host: Host,
  job: DemoJob,
  { device }: DeviceChoice,
): Promise<JobSettings> {
  const { images, testImages, seed = 0, seeds } = job;
  const config = await resolveConfig(host.store, job, "small");
  const values = Object.entries(config).flatMap(([section, fields]) =>
    Object.entries<unknown>(fields).map(([name, value]) => [`${section}.${name}`, value] as const),
  );
  const about = { job: "demo", images, testImages, device, ...(seeds ? { seeds } : { seed }) };
  return { ...about, ...Object.fromEntries(values) };
}

/** What the tour of a seed needs. */
interface Tour {
  readonly host: Host;
  readonly job: DemoJob;
  readonly device: DeviceChoice;
  /** Has two entries for each seed: the scenes with their run, and the scores. */
  readonly state: UnfinishedJob;
  readonly options: JobOptions;
}

/** Takes the tour with one seed; returns whether it is complete. */
async function* singleSeed(tour: Tour, place: ClaimedFolder): AsyncGenerator<DemoEvent, boolean> {
  const tested = yield* takeTour(tour, place, 0);
  if (!tested) return false;
  const { folder } = place;
  const { training, ...measured } = tested;
  await writeScores(tour.host, folder, [measured]);
  yield { type: "tour-done", scenes: join(folder, "scenes"), training, ...measured };
  return true;
}

/** Takes the tour with several seeds; returns whether all are complete. */
async function* compareSeeds(tour: Tour, folder: string): AsyncGenerator<DemoEvent, boolean> {
  const { host, job, state } = tour;
  const { seeds = [] } = job;
  const measured: MeasuredSeed[] = [];
  for (const [index, seed] of seeds.entries()) {
    yield { type: "seed", seed, index, of: seeds.length };
    const name = `seed-${seed}`;
    const known = await state.intact(2 * index + 1, name);
    if (known) {
      const before = withoutNulls(known.facts as MeasuredSeed);
      measured.push(before);
      yield { type: "measured", ...before };
      continue;
    }
    const place = await claimFolder(host, join(folder, name));
    const tested = yield* takeTour({ ...tour, job: { ...job, seed } }, place, index);
    if (!tested) return false;
    const { run, scores } = tested;
    const facts: MeasuredSeed = { seed, run, scores };
    measured.push(facts);
    await state.add({ index: 2 * index + 1, name, files: [], facts });
    yield { type: "measured", ...facts };
  }
  const { file, summary } = await writeScores(host, folder, measured);
  yield { type: "compared", out: folder, file, measured, summary };
  return true;
}

/** Scores as they were before JSON made null of those that are not numbers. */
function withoutNulls({ seed, run, scores }: MeasuredSeed): MeasuredSeed {
  const score = (value: number | null): number => value ?? NaN;
  const stages = scores.stages.map((stage) => ({
    ...stage,
    meanIou: score(stage.meanIou),
    perClass: stage.perClass.map(score),
  }));
  return { seed, run, scores: { ...scores, stages, tagF1: score(scores.tagF1) } };
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
 * Writes the scenes of one seed, trains on them and measures every stage on those for testing, or goes on with that; returns
 * undefined if the signal is aborted before the end of the training.
 */
async function* takeTour(
  tour: Tour,
  place: ClaimedFolder,
  index: number,
): AsyncGenerator<DemoEvent, (MeasuredSeed & { readonly training: TrainedEvent }) | undefined> {
  const { host, job, device, state, options } = tour;
  const scenes = join(place.folder, "scenes");
  let prepared: PreparedTraining | undefined;
  let hasFailed = false;
  try {
    const config = await resolveConfig(host.store, job, "small");
    if (state.has(2 * index)) {
      prepared = yield* reopen(tour, place.folder, config);
    } else {
      const made = yield* prepare(host, scenes, job, config, device, options);
      try {
        await state.add({ index: 2 * index, name: "scenes", files: [], facts: null });
      } catch (error) {
        await made.run.discard().catch(() => undefined);
        throw error;
      }
      prepared = made;
    }
  } catch (error) {
    hasFailed = !isAbort(error, options.signal);
    if (hasFailed) throw error;
  } finally {
    // Scenes that the state knows are kept, and so are those of another process that has taken the place over.
    if (!prepared && !state.has(2 * index) && (await state.isOwner())) {
      const removing = host.store.remove(scenes);
      // A disk that fails may refuse this too; the first reason is the one to tell.
      await (hasFailed ? removing.catch(() => undefined) : removing);
      await releaseFolder(host, place);
    }
  }
  if (!prepared) {
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

/** Opens the run of a demo that goes on; a new one where the training failed before its first checkpoint. */
async function* reopen(
  { host, job: { report }, device, options }: Tour,
  folder: string,
  config: Config,
): AsyncGenerator<DemoEvent, PreparedTraining> {
  const run = join(folder, runName);
  if (await host.store.exists(join(run, "config.yaml"))) {
    return yield* reopenRun(host, { run, report, device: device.device }, options);
  }
  return yield* createRun(host, join(folder, "scenes"), { config, device, report }, options);
}

/** Name of the run folder beside the scenes. */
const runName = "train";

/** Writes the scenes and creates the run folder beside them; throws the signal's reason once it is aborted. */
async function* prepare(
  host: Host,
  scenes: string,
  { images, testImages, seed = 0, seeds, report }: DemoJob,
  config: Config,
  device: DeviceChoice,
  options: JobOptions,
): AsyncGenerator<DemoEvent, PreparedTraining> {
  const testShare = seeds ? testShares.several : testShares.single;
  const testCount = testImages ?? Math.round(images * testShare);
  yield { type: "scenes-started" };
  // Those of a demo that was killed before its training.
  for (const folder of [scenes, join(dirname(scenes), runName)]) await host.store.remove(folder);
  yield* reports((report) =>
    writeScenes(host, scenes, {
      count: images,
      valCount: Math.round(images * valShare),
      testCount,
      seed,
      onProgress: (done, total) => {
        options.signal?.throwIfAborted();
        report({ type: "scenes", done, total } as const);
      },
    }),
  );
  yield { type: "scenes-done", images: images + testCount, folder: scenes };
  return yield* createRun(host, scenes, { config, device, report }, options);
}

/** Creates the run folder beside the scenes. */
async function* createRun(
  host: Host,
  scenes: string,
  { config, device, report }: Pick<PreparedTraining, "config" | "device" | "report">,
  { signal }: JobOptions,
): AsyncGenerator<DemoEvent, PreparedTraining> {
  const data = yield* openTrainable(host, scenes, config, true);
  signal?.throwIfAborted();
  const run = await RunDirectory.create(host, {
    root: dirname(scenes),
    name: runName,
    config: storedConfig(host.store, config, {
      ...{ data: scenes, strict: true, device: device.device, command: report.command },
    }),
  });
  if (signal?.aborted) await run.discard();
  signal?.throwIfAborted();
  return { run, data, config, device, strict: true, report };
}
