import type { OpenedDataset } from "../files/datasets/index.ts";
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
import { alone, type Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import type { HubEvent } from "../host/hub.ts";
import { sceneClasses } from "../method/data/scenes.ts";
import type { Config, PresetName } from "../method/config.ts";
import { cocoClasses, vocClasses } from "../method/images/classes.ts";
import type { InitialWeights } from "../method/inference/initial-weights.ts";
import type { CatalogEntry, WeightsSource } from "../files/weights/catalog.ts";
import { describeInitialWeights } from "../files/weights/initial-weights.ts";
import { hasEnded } from "../method/train/has-ended.ts";
import { addsOtherwise, partsOf } from "../method/train/micro-batch-sums.ts";
import { describeNormChange } from "./plan/norm-change.ts";
import { UserError } from "../user-error.ts";
import {
  isAbort,
  type DeviceEvent,
  type JobOptions,
  type NoticeEvent,
  type ReadingEvent,
} from "./events.ts";
import {
  otherBackbone,
  readBackbone,
  readFirstWeights,
  type FirstWeights,
} from "./first-weights.ts";
import { fetchSource, understandSource, type LocatedWeights } from "./locate-weights.ts";
import { fitMemory, type MicroBatchEvent } from "./plan/micro-batch.ts";
import { openTrainable, type DatasetEvent } from "./open-trainable.ts";
import { describeThreads, trainingDevice, trainingThreads } from "./plan/processors.ts";
import { requireShares, shareBatch, tellShares } from "./plan/share-batch.ts";
import { compareData, shareBeginning } from "./train-together.ts";
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
  /** Initial weights: a file, a run folder, a name of the catalog, or `owner/repository[@revision][:file]` of a hub. */
  readonly weights?: string;
  /** Weights with names; those of `weightsCatalog` by default. */
  readonly catalog?: readonly CatalogEntry[];
  /** Reinitialize the layers whose size depends on the number of classes. */
  readonly resetHeads?: boolean;
  /** Make one class of tags that differ only in letter case; sets data.mergeCase. */
  readonly mergeCase?: boolean;
  /** Train on masks too: `true` for those of the data set and its corrections, or a folder of others. */
  readonly masks?: true | string;
  /** Run folder; the first free one of runs/train/exp, exp2, … by default. */
  readonly out?: string;
  readonly device: DeviceName;
  readonly strict?: boolean;
  readonly report: ReportFacts;
  /** Processes that train together; this is rank 0, and the others run `followTraining`. */
  readonly exchange?: Exchange;
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
  /** Processes that train together; their number may differ from that of the start. */
  readonly exchange?: Exchange;
}

/** A training on images of one's own begins with random weights. */
export interface RandomWeightsEvent {
  readonly type: "random-weights";
  /** Weights that would be better. */
  readonly instead: string;
}

/** First weights and their origin. */
export interface FirstWeightsEvent {
  readonly type: "first-weights";
  readonly origin: InitialWeights;
  /** The origin in one line, with the license where it is known. */
  readonly message: string;
}

/** The signal was aborted before the training; no run was created, and what was fetched is kept. */
export interface CanceledEvent {
  readonly type: "canceled";
}

export type PreparationEvent =
  | ReadingEvent
  | DatasetEvent
  | KnownMasksEvent
  | IgnoredMasksEvent
  | NoticeEvent
  | DeviceEvent
  | MicroBatchEvent
  | HubEvent
  | RandomWeightsEvent
  | PresetEvent
  | FirstWeightsEvent;
export type TrainJobEvent = PreparationEvent | RunTrainingEvent | CanceledEvent;

/** The preset that was chosen for weights that came without one. */
export interface PresetEvent {
  readonly type: "preset";
  readonly preset: string;
  readonly settings: Config;
}

/** Trains on a data set into a new run folder, which is created only after everything else has been checked. */
export function trainModel(
  host: Host,
  job: TrainJob,
  options: JobOptions = {},
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent | CanceledEvent> {
  return runPrepared(host, prepareRun(host, job, options), options);
}

/** Continues a run where it stopped. */
export function resumeTraining(
  host: Host,
  job: ResumeJob,
  options: JobOptions = {},
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent | CanceledEvent> {
  return runPrepared(host, reopenRun(host, job, options), options);
}

/** Trains once everything is prepared; a download that the signal ends cancels it. */
async function* runPrepared(
  host: Host,
  preparing: AsyncGenerator<PreparationEvent, PreparedTraining>,
  options: JobOptions,
): AsyncGenerator<TrainJobEvent, TrainedEvent | TrainingStoppedEvent | CanceledEvent> {
  let training: PreparedTraining;
  try {
    training = yield* preparing;
  } catch (error) {
    if (!isAbort(error, options.signal)) throw error;
    const canceled = { type: "canceled" } as const;
    yield canceled;
    return canceled;
  }
  return yield* runTraining(host, training, options);
}

async function* prepareRun(
  host: Host,
  job: TrainJob,
  { signal }: JobOptions,
): AsyncGenerator<PreparationEvent, PreparedTraining> {
  const { weights, resetHeads = false, strict = false, out, report, catalog } = job;
  const { exchange = alone } = job;
  const source = weights === undefined ? undefined : await understandSource(host, weights, catalog);
  const entry = source?.kind === "catalog" ? source.entry : undefined;
  const asked = {
    ...(job.masks !== undefined && { "data.masks": "train" }),
    ...(job.mergeCase && { "data.mergeCase": true }),
  };
  const options = { ...job, set: { ...asked, ...job.set } };
  // What can be wrong is found before the data is read and anything is fetched.
  const draft = await resolveConfig(host.store, options, source ? "own" : "small", {
    weightsBackbone: entry?.backbone,
  });
  shareBatch(draft, exchange);
  const { backbone } = draft.model;
  if (entry && entry.backbone !== backbone) {
    throw otherBackbone(entry.name, entry.backbone, backbone);
  }
  const data = yield* openTrainable(host, job.data, draft, strict);
  await compareData(exchange, data, draft, strict);
  const located = source && (yield* fetchSource(host, source, { signal }));
  const preset = job.preset ?? (source ? suitablePreset(data) : "small");
  const follows = located && !entry && job.preset === undefined;
  const settings = await resolveConfig(host.store, options, preset, {
    weightsBackbone: follows ? await readBackbone(host.store, located.path) : entry?.backbone,
    images: data.counts.splits["train"]?.images ?? 0,
  });
  if (source && job.preset === undefined) yield { type: "preset", preset, settings };
  const masks = yield* masksOf(host, job, data, settings, preset);
  if (source === undefined && data.classes.join() !== sceneClasses.join()) {
    yield { type: "random-weights", instead: "pvt_v2_b1" };
  }
  const first = located && (yield* firstWeights(host, located, settings, data, { resetHeads }));
  const choice = await trainingDevice(host, job.device, exchange);
  yield { type: "device", choice };
  const threads = await trainingThreads(host, exchange);
  const free = host.machine.freeMemory();
  const shared = shareBatch(settings, exchange);
  const { config, event } = fitMemory(shared, data.classes, choice.device, free);
  yield* tellShares(config, exchange, choice);
  const unequal = choice.device === "cpu" ? describeThreads(threads) : undefined;
  if (unequal !== undefined) yield { type: "notice", message: unequal };
  if (event) yield event;
  const path = out === undefined ? undefined : host.store.absolute(out);
  const run = await RunDirectory.create(host, {
    ...(path !== undefined && { root: dirname(path), name: basename(path) }),
    config: storedConfig(host.store, config, {
      data: job.data,
      strict,
      ...{ device: choice.device, command: report.command },
      ...(choice.device === "cpu" && { threads: Math.min(...threads) }),
      ...(weights !== undefined && { weights, initialWeights: first?.origin, resetHeads }),
      ...(masks && { masks: masksOrigin(masks) }),
    }),
    initialWeights: first?.origin,
  });
  const training: PreparedTraining = {
    ...{ run, data, config, device: choice, strict, report, exchange },
    ...(masks && { masks }),
    ...first,
  };
  await shareBeginning(exchange, training, masks && masksOrigin(masks));
  return training;
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

/** Opens a run that stopped, with everything that its training needs. */
export async function* reopenRun(
  host: Host,
  job: ResumeJob,
  { signal }: JobOptions,
): AsyncGenerator<PreparationEvent, PreparedTraining> {
  const { run, state, file: checkpoint, messages } = await RunDirectory.open(host, job.run);
  try {
    for (const message of messages) yield { type: "notice", message };
    const file = join(run.path, "config.yaml");
    const { config, origin } = readStoredConfig(file, await run.readConfig());
    const { exchange = alone } = job;
    requireShares(config, exchange.size);
    if (state && addsOtherwise(config, state.metadata)) {
      const message =
        `${run.path}: was started by a version that added the gradients of ${partsOf(config)} micro-batches in another ` +
        "order; it goes on, with results that differ in rounding from those of that version";
      yield { type: "notice", message };
    }
    const isComplete = state !== undefined && hasEnded(state, config.train);
    const norm = state && !isComplete && describeNormChange(run.path, config, state);
    if (norm) yield { type: "notice", message: norm };
    if (isComplete) yield { type: "notice", message: describeEnd(run.path, state.step, config) };
    const strict = job.strict ?? origin.strict;
    const data = yield* openTrainable(host, job.data ?? origin.data, config, strict);
    await compareData(exchange, data, config, strict);
    checkClasses(run.path, state?.metadata["classes"], data);
    const ignored = config.data.masks !== "train";
    if (ignored && job.masks !== undefined) throw startedWithout(run.path);
    const masks = ignored
      ? undefined
      : yield* reopenMasks(host, run.path, data, origin.masks, { moved: job.masks, strict });
    const { resetHeads = false, weights, initialWeights } = origin;
    const source =
      state || weights === undefined
        ? undefined
        : (sameWeights(initialWeights) ?? (await understandSource(host, weights)));
    const first =
      source &&
      (yield* firstWeights(host, yield* fetchSource(host, source, { signal }), config, data, {
        resetHeads,
      }));
    const device = await trainingDevice(host, job.device ?? origin.device ?? "auto", exchange);
    yield { type: "device", choice: device };
    yield* tellShares(config, exchange, device);
    const threads = await trainingThreads(host, exchange);
    const other =
      isComplete || device.device !== "cpu" ? undefined : describeThreads(threads, origin.threads);
    if (other !== undefined) yield { type: "notice", message: other };
    const { report } = job;
    const training: PreparedTraining = {
      run,
      data,
      config,
      device,
      resume: state,
      checkpoint,
      strict,
      report,
      exchange,
      ...(masks && { masks }),
      origin: initialWeights,
      startedBy: origin.command,
      isComplete,
      ...(first && { initial: first.initial }),
    };
    await shareBeginning(exchange, training, masks && masksOrigin(masks));
    return training;
  } catch (error) {
    await run.close().catch(() => undefined);
    throw error;
  }
}

/** Says that a run has nothing left to do, and why. */
function describeEnd(run: string, step: number, { train: { steps } }: Config): string {
  const reason =
    step >= steps
      ? `all ${steps} steps are done`
      : `it ended after step ${step} of ${steps}, as the F1 of the tags no longer rose`;
  return `${run}: is complete already: ${reason}; nothing is trained, and the results are told again`;
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

/** The very files that a run began with; undefined if they had only a path. */
function sameWeights(origin: InitialWeights | undefined): WeightsSource | undefined {
  const { source, repository, revision = "main", commit, files = {} } = origin ?? {};
  const [file] = Object.keys(files);
  if (source === undefined || repository === undefined || file === undefined) return undefined;
  const location = { repository, revision: commit ?? revision, file };
  return { kind: "repository", name: source, location };
}

/** The preset for weights that come without one: a benchmark's with its own classes, else that for one's own images. */
function suitablePreset({ format, classes }: OpenedDataset): PresetName {
  const has = (names: readonly string[]): boolean => classes.join() === names.join();
  if (format === "voc" && has(vocClasses)) return "voc";
  if (format === "coco" && has(cocoClasses)) return "coco";
  return "own";
}

async function* firstWeights(
  host: Host,
  located: LocatedWeights,
  config: Config,
  { classes }: OpenedDataset,
  { resetHeads }: { resetHeads: boolean },
): AsyncGenerator<
  NoticeEvent | FirstWeightsEvent,
  Pick<FirstWeights, "initial"> & { readonly origin: InitialWeights }
> {
  const { path } = located;
  const read = await readFirstWeights(host.store, path, config, classes, { resetHeads });
  for (const message of read.notes) yield { type: "notice", message };
  const { from, initial } = read;
  const own = located.origin ?? { source: host.store.absolute(path) };
  const origin: InitialWeights = { ...own, ...(from && { from }) };
  yield { type: "first-weights", origin, message: describeInitialWeights(origin) };
  return { initial, origin };
}
