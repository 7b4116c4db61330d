import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { TrainEvent, TrainingState } from "../method/train/events.ts";
import type { Sample } from "../method/data/sample.ts";
import { trainNetwork } from "../method/train/trainer.ts";
import { BatchLoader, type SkippedImage } from "../method/train/batch-loader.ts";
import { requireTrainable, type OpenedDataset } from "../files/datasets/index.ts";
import { KnownMasks, trainingSamples } from "../files/datasets/known-masks.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import { alone, type Exchange } from "../host/exchange.ts";
import type { Host } from "../host/host.ts";
import { labelPool } from "./plan/label-threads.ts";
import { requireShares } from "./plan/share-batch.ts";
import { validationLanes } from "./plan/lanes.ts";

export interface TrainOptions {
  readonly data: OpenedDataset;
  readonly config: Config;
  /** Device to compute on; a result of `resolveDevice` is not tested again. */
  readonly device?: DeviceName | DeviceChoice;
  /** A checkpoint to continue from. */
  readonly resume?: TrainingState | undefined;
  /** Initial weights by name; all others are random. */
  readonly initial?: Readonly<Record<string, NdArray>>;
  /**
   * Masks that train along with the tags if `data.masks` is "train"; by default the data set's own and its corrections.
   */
  readonly masks?: KnownMasks;
  /** Fail on the first image that cannot be read instead of taking another one. */
  readonly strict?: boolean;
  /** Receives the images that are left out as soon as they are known. */
  readonly skipped?: SkippedImage[];
  /** Ends the training after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /**
   * Processes that train together, all with the same options: each loads and computes its share of every batch, and gets the
   * events of the whole.
   */
  readonly exchange?: Exchange;
}

/**
 * Trains on a data set's `train` split and validates on its `val` split, yielding an event for every step, validation and
 * checkpoint. Nothing is written: keep the state of a checkpoint event, or pass the events to a `RunDirectory`.
 */
export async function* train(host: Host, options: TrainOptions): AsyncGenerator<TrainEvent, void> {
  const { data, config, device = "auto", resume, initial, strict = false } = options;
  const { skipped = [], signal, exchange = alone } = options;
  requireTrainable(data);
  requireShares(config, exchange.size);
  const { cores } = host.machine;
  const choice = typeof device === "string" ? await host.resolveDevice(device) : device;
  const { number } = choice;
  const runtime = await host.runtime({
    ...{ device: choice.device, threads: cores },
    ...(number !== undefined && { deviceNumber: number }),
  });
  const setup = { config, classes: data.classes, cores, device: runtime.device };
  const { crop, batch, maxSide, scaleRange, flip, workers } = config.data;
  const masks = await trainedMasks(host, options);
  const samples = trainingSamples(data);
  const loading = {
    crop,
    batch,
    maxSide,
    scaleRange,
    flip,
    workers,
    strict,
    seed: config.train.seed,
    ...(masks && {
      maskOf: (sample: Sample) => masks.of(sample),
      maskedShare: config.data.maskedShare,
      // Before the last phase a few images at a time would teach the classes and the affinity too much of themselves.
      maskedFrom: config.train.affinitySteps + 1,
    }),
  };
  const loader = new BatchLoader(host, samples, data.classes.length, {
    ...loading,
    share: exchange,
  });
  // The crops that thresholds are measured on are loaded for this alone.
  const wholeLoader =
    exchange.size > 1
      ? new BatchLoader(host, samples, data.classes.length, { ...loading, workers: 0, prefetch: 0 })
      : undefined;
  try {
    yield* trainNetwork({
      runtime,
      config,
      classes: data.classes,
      batches: {
        async next(step) {
          const loaded = await loader.next(step);
          skipped.push(...loader.skipped.slice(skipped.length));
          return loaded;
        },
      },
      validation: { samples: data.splits["val"] ?? [], reader: data.reader },
      now: () => host.machine.now(),
      createLabelSource: (network, parameters) =>
        labelPool(host, network, { ...setup, parameters }),
      createValidationRuntime(network, images) {
        if (runtime.device !== "cpu") return null;
        const lanes = validationLanes(network, config, images, host.machine);
        return lanes > 1 ? host.runtimePool(lanes) : null;
      },
      stop: () => signal?.aborted === true,
      exchange,
      ...(wholeLoader && { wholeBatches: wholeLoader }),
      ...(resume && { resume }),
      ...(initial && { initial }),
    });
  } finally {
    await loader.close();
    await wholeLoader?.close();
  }
}

/** The masks to train on; undefined if the settings ignore them. */
async function trainedMasks(
  host: Host,
  { data, config, masks }: TrainOptions,
): Promise<KnownMasks | undefined> {
  if (config.data.masks !== "train") return undefined;
  const known = masks ?? (await KnownMasks.find(host, data));
  known.requireAny();
  return known;
}
