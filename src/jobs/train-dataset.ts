import { availableParallelism } from "node:os";
import type { Config } from "../method/config.ts";
import type { NdArray } from "../engine/graph/index.ts";
import type { TrainEvent, TrainingState } from "../method/train/events.ts";
import { trainNetwork } from "../method/train/trainer.ts";
import { BatchLoader, type SkippedImage } from "../method/train/batch-loader.ts";
import { type OpenedDataset, requireTrainable } from "../files/datasets/index.ts";
import type { DeviceChoice, DeviceName } from "../host/devices.ts";
import { resolveDevice } from "../host/node/ort/devices.ts";
import { labelPool } from "./plan/label-threads.ts";
import { nodeHost } from "../host/node/host.ts";
import { validationLanes } from "./plan/lanes.ts";
import { nodeRuntime } from "../host/node/ort/runtime.ts";
import { sharedPool } from "../host/node/workers/session-pool.ts";

export interface TrainOptions {
  readonly data: OpenedDataset;
  readonly config: Config;
  /** A choice that `resolveDevice` made is not tried out again. */
  readonly device?: DeviceName | DeviceChoice;
  /** A checkpoint to go on from. */
  readonly resume?: TrainingState | undefined;
  /** First weights by name, instead of random ones, as far as there are any. */
  readonly initial?: Readonly<Record<string, NdArray>>;
  /** Fail on the first image that cannot be read instead of taking another one. */
  readonly strict?: boolean;
  /** Is told of images that were left out, as they are met. */
  readonly skipped?: SkippedImage[];
  /** Asked after every step: true makes a checkpoint and leaves. */
  readonly stop?: () => boolean;
}

/**
 * Trains on a data set's `train` split and validates on its `val` split, yielding an event for every
 * step, validation and checkpoint. Nothing is written: keep the state of a checkpoint event, or give
 * the events to a `RunDirectory`.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent, void> {
  const { data, config, device = "auto", resume, initial, strict = false, skipped = [] } = options;
  requireTrainable(data);
  const cores = availableParallelism();
  const runtime = nodeRuntime({ device: (await resolveDevice(device)).device, threads: cores });
  const setup = { config, classes: data.classes, cores, device: runtime.device };
  const { crop, batch, maxSide, scaleRange, flip, workers } = config.data;
  // Without tags an image would teach that it shows nothing.
  const samples = (data.splits["train"] ?? []).filter(({ untagged }) => !untagged);
  const loader = new BatchLoader(nodeHost, samples, data.classes.length, {
    ...{ crop, batch, maxSide, scaleRange, flip, workers, strict },
    seed: config.train.seed,
  });
  try {
    yield* trainNetwork({
      runtime,
      config,
      classes: data.classes,
      batches: {
        async next(step) {
          const made = await loader.next(step);
          skipped.push(...loader.skipped.slice(skipped.length));
          return made;
        },
      },
      validation: { samples: data.splits["val"] ?? [], reader: data.reader },
      now: () => performance.now() / 1000,
      createLabelSource: (network, parameters) =>
        labelPool(nodeHost, network, { ...setup, parameters }),
      createValidationRuntime(network, images) {
        if (runtime.device !== "cpu") return null;
        const lanes = validationLanes(network, config, images);
        return lanes > 1 ? sharedPool(lanes) : null;
      },
      ...(options.stop && { stop: options.stop }),
      ...(resume && { resume }),
      ...(initial && { initial }),
    });
  } finally {
    await loader.close();
  }
}
