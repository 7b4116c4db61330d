import { writeReport, type ReportInfo } from "../files/report/write-training.ts";
import { bestValidation } from "../files/run/best-scores.ts";
import type { RunDirectory } from "../files/run/directory.ts";
import type { ValidationEntry } from "../files/run/log.ts";
import type { OpenedDataset } from "../files/datasets/index.ts";
import type { KnownMasks } from "../files/datasets/known-masks.ts";
import { join } from "../files/text/path.ts";
import type { DeviceChoice } from "../host/devices.ts";
import { alone, gatherTexts, type Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { Config } from "../method/config.ts";
import type { InitialWeights } from "../method/inference/initial-weights.ts";
import type { SkippedImage } from "../method/train/batch-loader.ts";
import type { TrainEvent, TrainingState } from "../method/train/events.ts";
import { owesValidation } from "../method/train/has-ended.ts";
import { WeightsMismatch } from "../method/train/network-state.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions, SkippedEvent } from "./events.ts";
import { train } from "./train-dataset.ts";

/** A training whose data set, settings and run folder are ready. */
export interface PreparedTraining {
  readonly run: RunDirectory;
  readonly data: OpenedDataset;
  readonly config: Config;
  readonly device: DeviceChoice;
  readonly resume?: TrainingState | undefined;
  /** The file that `resume` was read from. */
  readonly checkpoint?: string | undefined;
  readonly initial?: Readonly<Record<string, NdArray>>;
  /** Masks that train along with the tags. */
  readonly masks?: KnownMasks;
  /** Origin of the weights that the run began with; undefined for random ones and where an older version did not store it. */
  readonly origin?: InitialWeights | undefined;
  readonly strict: boolean;
  /** Of a run that goes on: the command that started it. */
  readonly startedBy?: string | undefined;
  /** Whether the run was complete before. */
  readonly isComplete?: boolean;
  readonly report: ReportFacts;
  /** Processes that train together; this one has the run folder. */
  readonly exchange?: Exchange;
}

/** Facts for the report that only the front end knows. */
export type ReportFacts = Pick<ReportInfo, "command" | "versions">;

/** The training was stopped after the checkpoint of a step. */
export interface TrainingStoppedEvent {
  readonly type: "stopped";
  readonly step: number;
  /** Whether that was during the validation after the step, which a resumed training begins with. */
  readonly inValidation: boolean;
  readonly run: string;
}

/** The training has run to its end. */
export interface TrainedEvent {
  readonly type: "trained";
  readonly run: string;
  readonly weights: string;
  readonly report: string;
  /** The validation with the best segmentation; undefined without a validation. */
  readonly best: ValidationEntry | undefined;
  readonly classes: readonly string[];
  /** Training images that a process has left out since the run was started or resumed, each once. */
  readonly skipped: readonly SkippedImage[];
}

export type RunTrainingEvent =
  | { readonly type: "started"; readonly run: string }
  | TrainEvent
  | SkippedEvent
  | TrainingStoppedEvent
  | TrainedEvent;

/**
 * Trains into a run folder and writes its report. Aborting the signal ends it after the step under way, with a checkpoint.
 * A new run that fails before its first checkpoint is removed. Returns the last event.
 */
export async function* runTraining(
  host: Host,
  training: PreparedTraining,
  { signal }: JobOptions = {},
): AsyncGenerator<RunTrainingEvent, TrainedEvent | TrainingStoppedEvent> {
  const { run, resume, exchange = alone } = training;
  const skipped: SkippedImage[] = [];
  let lastCheckpoint = resume?.step;
  let inValidation = owesValidation(resume);
  let isWhole = false;
  let hasFailed = false;
  let isDone = false;
  let last: TrainedEvent | TrainingStoppedEvent;
  try {
    yield { type: "started", run: run.path };
    for await (const event of recordEvents(host, training, skipped, signal)) {
      if (event.type === "checkpoint") {
        lastCheckpoint = event.step;
        inValidation = owesValidation(event.state);
      }
      if (event.type === "done") isDone = true;
      yield event;
    }
    isWhole = true;
    const everywhere = await skippedEverywhere(exchange, skipped);
    // It may be the signal of another process that has stopped it.
    last = isDone
      ? await finish(host, training, everywhere)
      : { type: "stopped", step: lastCheckpoint!, inValidation, run: run.path };
  } catch (error) {
    hasFailed = true;
    throw explainFailure(error, training, lastCheckpoint);
  } finally {
    // A run with a checkpoint is kept, also where the consumer leaves.
    const closing = isWhole || lastCheckpoint !== undefined ? run.close() : run.discard();
    // A disk that fails may refuse this too; the first reason is the one to tell.
    await (hasFailed ? closing.catch(() => undefined) : closing);
  }
  yield last;
  return last;
}

/** Records every event in the run folder, if this process has it, before it is passed on. @param skipped receives what is left out */
export async function* recordEvents(
  host: Host,
  {
    run,
    data,
    config,
    device,
    resume,
    initial,
    masks,
    strict,
    exchange,
  }: Omit<PreparedTraining, "run" | "report"> & Partial<Pick<PreparedTraining, "run">>,
  skipped: SkippedImage[],
  signal: AbortSignal | undefined,
): AsyncGenerator<TrainEvent | SkippedEvent, void> {
  let reported = 0;
  for await (const event of train(host, {
    data,
    config,
    device,
    resume,
    strict,
    skipped,
    ...(masks && { masks }),
    ...(initial && { initial }),
    ...(signal && { signal }),
    ...(exchange && { exchange }),
  })) {
    await run?.record(event);
    for (; reported < skipped.length; reported++) {
      const { file, reason } = skipped[reported]!;
      yield { type: "skipped", file, message: `${file}: ${reason}` };
    }
    yield event;
  }
}

/** The images that any of the processes has left out, each once. All of them call this after the training. */
export async function skippedEverywhere(
  exchange: Exchange,
  skipped: readonly SkippedImage[],
): Promise<SkippedImage[]> {
  const texts = await gatherTexts(exchange, JSON.stringify(skipped));
  const all = texts.flatMap((text) => JSON.parse(text) as SkippedImage[]);
  return [...new Map(all.toReversed().map((image) => [image.file, image])).values()].toReversed();
}

async function finish(
  host: Host,
  training: PreparedTraining,
  skipped: readonly SkippedImage[],
): Promise<TrainedEvent> {
  const { run, data } = training;
  const report = await writeReport(host, run.path, reportInfo(training));
  const best = bestValidation(await run.readLog());
  const weights = join(run.path, "weights", `${best ? "best" : "last"}.safetensors`);
  const { classes } = data;
  return { type: "trained", run: run.path, weights, report, best, classes, skipped };
}

/** Facts about a training for its report. */
export function reportInfo({
  run,
  data,
  config,
  masks,
  report,
  origin,
  startedBy,
  isComplete = false,
}: PreparedTraining): ReportInfo {
  const { counts } = data;
  const command = startedBy ?? report.command;
  const goesOn = command !== report.command && !isComplete;
  return {
    title: run.path,
    dataset: {
      folder: data.root,
      layout: data.format,
      images: counts.all.images,
      "training images": counts.splits["train"]?.images ?? 0,
      "validation images": counts.splits["val"]?.images ?? 0,
      masks: counts.all.masks,
      ...(masks && { "masks trained on": masks.count }),
    },
    config,
    initialWeights: origin,
    ...report,
    command,
    ...(goesOn && { resumedBy: report.command }),
  };
}

/** Turns failures that the user can fix into UserErrors: a checkpoint of another network, and numbers that overflow. */
export function explainFailure(
  error: unknown,
  {
    run,
    config,
    checkpoint,
  }: Pick<PreparedTraining, "config" | "checkpoint"> & { readonly run: { readonly path: string } },
  lastCheckpoint: number | undefined,
): unknown {
  if (error instanceof WeightsMismatch && checkpoint !== undefined) {
    const difference = error.message.replace("weights: ", "");
    return new UserError(
      `${checkpoint}: is not a checkpoint of the ${config.model.backbone} in ` +
        `${join(run.path, "config.yaml")}: ${difference}; resume with the settings that the run was started with`,
      { cause: error, code: "other-network" },
    );
  }
  if (!(error instanceof RangeError) || !error.message.startsWith("train: step ")) return error;
  const failure = error.message.replace("train: ", "").split(";")[0];
  const remedy = { kind: "retrain", key: "train.lr", current: config.train.lr } as const;
  if (lastCheckpoint === undefined) {
    return new UserError(`${failure}`, { cause: error, code: "not-finite", remedies: [remedy] });
  }
  const weights = join(run.path, "weights", "last.safetensors");
  return new UserError(`${failure}; the checkpoint of step ${lastCheckpoint} is intact`, {
    cause: error,
    code: "not-finite",
    remedies: [{ ...remedy, weights }],
  });
}
