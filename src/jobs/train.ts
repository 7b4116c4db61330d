import type { OpenedDataset, Problem } from "../files/datasets/index.ts";
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
  /** File of the first weights. */
  readonly weights?: string;
  /** Reinitialize the layers whose size depends on the number of classes. */
  readonly resetHeads?: boolean;
  /** Run folder; the next free of runs/train/exp, exp2, … by default. */
  readonly out?: string;
  readonly device: DeviceName;
  readonly strict?: boolean;
  readonly report: ReportFacts;
}

export interface ResumeJob {
  /** Folder of a run that stopped. */
  readonly run: string;
  /** Folder of the data set, if it is not where it was. */
  readonly data?: string;
  /** The device of the run by default: another one rounds differently. */
  readonly device?: DeviceName | undefined;
  readonly strict?: boolean;
  readonly report: ReportFacts;
}

/** A data set has been opened for training. */
export interface DatasetEvent {
  readonly type: "dataset";
  readonly folder: string;
  /** Problems of images that are left out. */
  readonly problems: readonly Problem[];
  /** Images to validate on. */
  readonly validationImages: number;
}

export type PreparationEvent =
  ReadingEvent | DatasetEvent | NoticeEvent | DeviceEvent | MicroBatchEvent;
export type TrainJobEvent = PreparationEvent | RunTrainingEvent;

/** Trains on a data set into a new run folder. All that can be checked before that is made is checked before. */
export async function* trainModel(
  host: Host,
  job: TrainJob,
  options: JobOptions = {},
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent> {
  return yield* runTraining(host, yield* prepareRun(host, job), options);
}

/** Goes on with a run where it stopped. */
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
  const wanted = await resolveConfig(host.store, job, weights === undefined ? "small" : "voc");
  const data = yield* openTrainable(host, job.data, wanted, strict);
  const initial = yield* firstWeights(host, weights, wanted, data, resetHeads);
  const choice = await host.resolveDevice(job.device);
  yield { type: "device", choice };
  const fitting = fitMemory(wanted, data.classes, choice.device, host.machine.freeMemory());
  if (fitting.event) yield fitting.event;
  const { config } = fitting;
  const path = out === undefined ? undefined : host.store.absolute(out);
  const run = await RunDirectory.create(host, {
    ...(path !== undefined && { root: dirname(path), name: basename(path) }),
    config: storedConfig(host.store, config, {
      data: job.data,
      strict,
      device: choice.device,
      ...(weights !== undefined && { weights, resetHeads }),
    }),
  });
  return { run, data, config, device: choice, strict, report, ...(initial && { initial }) };
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
    const { resetHeads = false, weights } = origin;
    const initial = state
      ? undefined
      : yield* firstWeights(host, weights, config, data, resetHeads);
    const device = await host.resolveDevice(job.device ?? origin.device ?? "auto");
    yield { type: "device", choice: device };
    const { report } = job;
    const prepared = { run, data, config, device, resume: state, checkpoint, strict, report };
    return { ...prepared, ...(initial && { initial }) };
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

/** A run goes on with the classes that it has begun to learn. */
function checkClasses(run: string, stored: string | undefined, data: OpenedDataset): void {
  if (stored === undefined || stored === JSON.stringify(data.classes)) return;
  throw new UserError(
    `${run}: learned the classes ${stored}, ${data.root} has ${JSON.stringify(data.classes)}; ` +
      "resume with the data set it was started with",
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
