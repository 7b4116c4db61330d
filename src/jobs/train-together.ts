import { sha256 } from "@noble/hashes/sha2.js";
import type { OpenedDataset } from "../files/datasets/index.ts";
import type { KnownMasks } from "../files/datasets/known-masks.ts";
import type { MasksOrigin } from "../files/run/settings.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/weights/safetensors.ts";
import { fromFirst, type Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import type { Config } from "../method/config.ts";
import { UserError } from "../user-error.ts";
import type { JobOptions, NoticeEvent, ReadingEvent, SkippedEvent } from "./events.ts";
import { openTrainable, type DatasetEvent } from "./open-trainable.ts";
import { sameDevice, trainingThreads } from "./plan/processors.ts";
import {
  explainFailure,
  recordEvents,
  skippedEverywhere,
  type PreparedTraining,
} from "./run-training.ts";
import { reopenMasks, type KnownMasksEvent } from "./train-masks.ts";
import type { SkippedImage } from "../method/train/batch-loader.ts";
import type { TrainEvent } from "../method/train/events.ts";

/** A process that trains with rank 0, which has the run folder and tells all others what to do. */
export interface FollowJob {
  /** Folder of the data set; that of rank 0 by default. */
  readonly data?: string;
  /** Folder of the masks that train along, if it was moved. */
  readonly masks?: string;
  readonly exchange: Exchange;
}

/** The training has ended, with a checkpoint of rank 0. */
export interface FollowedEvent {
  readonly type: "followed";
}

export type FollowEvent =
  | ReadingEvent
  | DatasetEvent
  | KnownMasksEvent
  | NoticeEvent
  | { readonly type: "started"; readonly run: string }
  | TrainEvent
  | SkippedEvent
  | FollowedEvent;

/** What rank 0 tells before the data set is compared. */
interface Opening {
  readonly data: string;
  readonly config: Config;
  readonly strict: boolean;
}

/** What rank 0 tells when everything is ready, besides the tensors. */
interface Beginning {
  readonly run: string;
  readonly config: Config;
  readonly masks: MasksOrigin | undefined;
  readonly resume: { readonly step: number; readonly metadata: Record<string, string> } | null;
  readonly checkpoint: string | undefined;
}

/** Compares the data set of rank 0 with those of the others, which wait for this in `followTraining`. */
export async function compareData(
  exchange: Exchange,
  data: OpenedDataset,
  config: Config,
  strict: boolean,
): Promise<void> {
  if (exchange.size === 1) return;
  await fromFirst(exchange, async (): Promise<Opening> => ({ data: data.root, config, strict }));
  await requireSameData(exchange, data);
}

/** Hands settings and weights of rank 0 to the others. */
export async function shareBeginning(
  exchange: Exchange,
  training: PreparedTraining,
  masks: MasksOrigin | undefined,
): Promise<void> {
  if (exchange.size === 1) return;
  const { run, config, resume, initial, checkpoint } = training;
  const told = resume && { step: resume.step, metadata: { ...resume.metadata } };
  await fromFirst(exchange, async (): Promise<Beginning> => {
    return { run: run.path, config, masks, resume: told ?? null, checkpoint };
  });
  const pieces = encodeSafetensors(resume?.tensors ?? initial ?? {});
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  await exchange.broadcast(bytes);
}

/** Trains with rank 0 to the end of its training; nothing is written here. */
export async function* followTraining(
  host: Host,
  job: FollowJob,
  { signal }: JobOptions = {},
): AsyncGenerator<FollowEvent, FollowedEvent> {
  const { exchange } = job;
  const opening = await fromFirst<Opening>(exchange, notFirst);
  const { strict } = opening;
  const data = yield* openTrainable(host, job.data ?? opening.data, opening.config, strict);
  await requireSameData(exchange, data);
  const device = await sameDevice(host, exchange);
  await trainingThreads(host, exchange);
  const { run, config, resume, checkpoint, ...rest } = await fromFirst<Beginning>(
    exchange,
    notFirst,
  );
  const { tensors } = decodeSafetensors(await exchange.broadcast(new Uint8Array(0)), "rank 0");
  let masks: KnownMasks | undefined;
  if (config.data.masks === "train") {
    masks = yield* reopenMasks(host, run, data, rest.masks, { moved: job.masks, strict });
  }
  const training = {
    ...{ data, config, strict, exchange, checkpoint, device },
    ...(resume ? { resume: { ...resume, tensors } } : { initial: tensors }),
    ...(masks && { masks }),
  };
  const skipped: SkippedImage[] = [];
  yield { type: "started", run };
  try {
    yield* recordEvents(host, training, skipped, signal);
    await skippedEverywhere(exchange, skipped);
  } catch (error) {
    throw explainFailure(error, { ...training, run: { path: run } }, resume?.step);
  }
  const followed = { type: "followed" } as const;
  yield followed;
  return followed;
}

function notFirst(): Promise<never> {
  throw new Error("train: only rank 0 begins a training");
}

/** Checks that every process trains on the same images, tags and masks. */
async function requireSameData(exchange: Exchange, data: OpenedDataset): Promise<void> {
  const listed = Object.entries(data.splits).map(([split, samples]) => [
    split,
    samples.map(({ name, tags, mask }) => [name, tags, mask !== undefined]),
  ]);
  const digest = sha256(new TextEncoder().encode(JSON.stringify([data.classes, listed])));
  const images = data.counts.all.images;
  const all = await exchange.gather(Float64Array.of(images, ...digest));
  const [first] = all;
  const other = all.findIndex((values) => values.some((value, i) => value !== first![i]));
  if (other < 0) return;
  const [there, here] = [all[other]![0]!, first![0]!];
  const difference =
    there === here
      ? `both have ${here} images, but of other names, tags or masks`
      : `${there} images there, ${here} here`;
  throw new UserError(
    `${data.root}: the data set of rank ${other} is not that of rank 0: ${difference}; give all processes the same files`,
    { code: "other-data" },
  );
}
