import type { OpenedDataset, Problem } from "../files/datasets/index.ts";
import type { KnownMasks } from "../files/datasets/known-masks.ts";
import { RunDirectory } from "../files/run/directory.ts";
import {
  readStoredConfig,
  resolveConfig,
  storedConfig,
  type SettingOptions,
} from "../files/run/settings.ts";
import { basename, dirname, join } from "../files/text/path.ts";
import type { DeviceName } from "../host/devices.ts";
import type { Host } from "../host/host.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { Config } from "../method/config.ts";
import { UserError } from "../user-error.ts";
import type { DeviceEvent, JobOptions, NoticeEvent, ReadingEvent } from "./events.ts";
import { readFirstWeights } from "./first-weights.ts";
import { fitMemory, type MicroBatchEvent } from "./plan/micro-batch.ts";
import { readDataset } from "./read-dataset.ts";
import {
  masksOrigin,
  offerMasks,
  prepareMasks,
  reopenMasks,
  startedWithout,
  type IgnoredMasksEvent,
  type KnownMasksEvent,
} from "./train-masks.ts";
import { runTraining } from "./run-training.ts";
import type {
  PreparedTraining,
  ReportFacts,
  RunTrainingEvent,
  TrainedEvent,
  TrainingStoppedEvent,
} from "./run-training.ts";

export interface TrainJob extends SettingOptions {
  /** Folder of the data set. */
  readonly data: string;
  /** File of the initial weights. */
  readonly weights?: string;
  /** Reinitialize the layers whose size depends on the number of classes. */
  readonly resetHeads?: boolean;
  /** Train on masks too: `true` for those of the data set and its corrections, or a folder of others. */
  readonly masks?: true | string;
  /** Run folder; the first free one of runs/train/exp, exp2, … by default. */
  readonly out?: string;
  readonly device: DeviceName;
  readonly strict?: boolean;
  readonly report: ReportFacts;
}

export interface ResumeJob {
  /** Folder of a run that stopped. */
  readonly run: string;
  /** Folder of the data set, if it was moved. */
  readonly data?: string;
  /** Folder of the masks that train along, if it was moved. */
  readonly masks?: string;
  /** By default the device that the run was started on: another one rounds differently. */
  readonly device?: DeviceName | undefined;
  readonly strict?: boolean;
  readonly report: ReportFacts;
}

/** A data set has been opened for training. */
export interface DatasetEvent {
  readonly type: "dataset";
  readonly folder: string;
  /** Images that are left out, and why. */
  readonly problems: readonly Problem[];
  /** Number of images to validate on. */
  readonly validationImages: number;
}

export type PreparationEvent =
  | ReadingEvent
  | DatasetEvent
  | KnownMasksEvent
  | IgnoredMasksEvent
  | NoticeEvent
  | DeviceEvent
  | MicroBatchEvent;
export type TrainJobEvent = PreparationEvent | RunTrainingEvent;

/** Trains on a data set into a new run folder, which is created only after everything else has been checked. */
export async function* trainModel(
  host: Host,
  job: TrainJob,
  options: JobOptions = {},
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent> {
  return yield* runTraining(host, yield* prepareRun(host, job), options);
}

/** Continues a run where it stopped. */
export async function* resumeTraining(
  host: Host,
  job: ResumeJob,
  options: JobOptions = {},
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent> {
  return yield* runTraining(host, yield* reopenRun(host, job), options);
}

async function* prepareRun(
  host: Host,
  job: TrainJob,
): AsyncGenerator<PreparationEvent, PreparedTraining> {
  const { weights, resetHeads = false, strict = false, out, report } = job;
  const preset = job.preset ?? (weights === undefined ? "small" : "voc");
  const asked = job.masks !== undefined && { "data.masks": "train" };
  const settings = await resolveConfig(
    host.store,
    { ...job, set: { ...asked, ...job.set } },
    preset,
  );
  const data = yield* openTrainable(host, job.data, settings, strict);
  const masks = yield* masksOf(host, job, data, settings, preset);
  const initial = yield* firstWeights(host, weights, settings, data, resetHeads);
  const choice = await host.resolveDevice(job.device);
  yield { type: "device", choice };
  const free = host.machine.freeMemory();
  const { config, event } = fitMemory(settings, data.classes, choice.device, free);
  if (event) yield event;
  const path = out === undefined ? undefined : host.store.absolute(out);
  const run = await RunDirectory.create(host, {
    ...(path !== undefined && { root: dirname(path), name: basename(path) }),
    config: storedConfig(host.store, config, {
      data: job.data,
      strict,
      device: choice.device,
      ...(weights !== undefined && { weights, resetHeads }),
      ...(masks && { masks: masksOrigin(masks) }),
    }),
  });
  return {
    run,
    data,
    config,
    device: choice,
    strict,
    report,
    ...(masks && { masks }),
    ...(initial && { initial }),
  };
}

/** The masks that a new run trains on; undefined if none are asked for. */
async function* masksOf(
  host: Host,
  { masks: asked, strict = false }: TrainJob,
  data: OpenedDataset,
  settings: Config,
  preset: string,
): AsyncGenerator<PreparationEvent, KnownMasks | undefined> {
  if (settings.data.masks === "train") {
    return yield* prepareMasks(host, data, {
      strict,
      ...(typeof asked === "string" && { folder: asked }),
    });
  }
  if (asked !== undefined) {
    throw new UserError('masks are to be trained on, but the setting data.masks is "ignore"', {
      remedies: [
        { kind: "omit", name: "useMasks" },
        { kind: "setting", key: "data.masks", value: "train" },
      ],
    });
  }
  yield* offerMasks(host, data, preset);
  return undefined;
}

async function* reopenRun(
  host: Host,
  job: ResumeJob,
): AsyncGenerator<PreparationEvent, PreparedTraining> {
  const { run, state, file: checkpoint, messages } = await RunDirectory.open(host, job.run);
  try {
    for (const message of messages) yield { type: "notice", message };
    const file = join(run.path, "config.yaml");
    const { config, origin } = readStoredConfig(file, await run.readConfig());
    const strict = job.strict ?? origin.strict;
    const data = yield* openTrainable(host, job.data ?? origin.data, config, strict);
    checkClasses(run.path, state?.metadata["classes"], data);
    const ignored = config.data.masks !== "train";
    if (ignored && job.masks !== undefined) throw startedWithout(run.path);
    const masks = ignored
      ? undefined
      : yield* reopenMasks(host, run.path, data, origin.masks, { moved: job.masks, strict });
    const { resetHeads = false, weights } = origin;
    const initial = state
      ? undefined
      : yield* firstWeights(host, weights, config, data, resetHeads);
    const device = await host.resolveDevice(job.device ?? origin.device ?? "auto");
    yield { type: "device", choice: device };
    const { report } = job;
    return {
      run,
      data,
      config,
      device,
      resume: state,
      checkpoint,
      strict,
      report,
      ...(masks && { masks }),
      ...(initial && { initial }),
    };
  } catch (error) {
    await run.close();
    throw error;
  }
}

/** Opens a data set for training. */
export async function* openTrainable(
  host: Host,
  folder: string,
  { train: { seed } }: Config,
  strict: boolean,
): AsyncGenerator<ReadingEvent | DatasetEvent, OpenedDataset> {
  const data = yield* readDataset(host, folder, { seed, strict, training: true });
  const validationImages = data.counts.splits["val"]?.images ?? 0;
  yield { type: "dataset", folder, problems: data.problems, validationImages };
  return data;
}

/** Checks that a data set has the classes that a run was started with. */
function checkClasses(run: string, stored: string | undefined, data: OpenedDataset): void {
  if (stored === undefined || stored === JSON.stringify(data.classes)) return;
  throw new UserError(
    `${run}: was trained on the classes ${stored}, but ${data.root} has ${JSON.stringify(data.classes)}; ` +
      "resume with the data set that the run was started with",
    { code: "other-classes" },
  );
}

async function* firstWeights(
  { store }: Host,
  file: string | undefined,
  config: Config,
  { classes }: OpenedDataset,
  resetHeads: boolean,
): AsyncGenerator<NoticeEvent, Readonly<Record<string, NdArray>> | undefined> {
  if (file === undefined) return undefined;
  const { initial, notes } = await readFirstWeights(store, file, config, classes, { resetHeads });
  for (const message of notes) yield { type: "notice", message };
  return initial;
}
