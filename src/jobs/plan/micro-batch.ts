import type { Config } from "../../method/config.ts";
import type { DeviceName } from "../../host/devices.ts";
import type { Afa } from "../../method/model/index.ts";
import { networkOf } from "../../method/model/network-of.ts";
import { plannedShare, trainingBytes } from "./training-memory.ts";

/** A batch is split into micro-batches, because the free memory is too small for all of it. */
export interface MicroBatchEvent {
  readonly type: "micro-batch";
  /** Crops of a batch, the side of a crop in pixels, and the crops of a micro-batch. */
  readonly batch: number;
  readonly crop: number;
  readonly microBatch: number;
  /** Bytes that a training with whole batches takes, and bytes of free memory. */
  readonly bytes: number;
  readonly free: number;
  /** Bytes that a training with micro-batches takes, if even these exceed the free memory. */
  readonly least?: number;
}

/**
 * Settings whose training fits into the free memory: if whole batches do not, `train.microBatch` is set to split them. A value
 * that the user chose is kept.
 * @param free bytes of free memory
 */
export function fitMemory(
  config: Config,
  classes: readonly string[],
  device: DeviceName,
  free: number,
): { readonly config: Config; readonly event?: MicroBatchEvent } {
  const { data, train } = config;
  if (train.microBatch > 0 || device !== "cpu") return { config };
  const network = networkOf(config, classes);
  const bytes = trainingBytes(network, config);
  const room = plannedShare * free;
  if (bytes <= room) return { config };
  const microBatch = fittingMicroBatch(network, config, room);
  const split = { ...config, train: { ...train, microBatch } };
  if (microBatch === 0) return { config: split };
  const least = trainingBytes(network, split);
  const { batch, crop } = data;
  const event = { type: "micro-batch", batch, crop, microBatch, bytes, free } as const;
  return { config: split, event: { ...event, ...(least > room && { least }) } };
}

/**
 * The value of `train.microBatch` for a training within a number of bytes: 0 if the whole batch fits, else the largest
 * divisor of the batch that fits, else 1.
 */
function fittingMicroBatch(network: Afa, config: Config, bytes: number): number {
  const { batch } = config.data;
  const sizes = Array.from({ length: batch }, (_, i) => batch - i).filter((n) => batch % n === 0);
  const fits = (microBatch: number): boolean =>
    trainingBytes(network, { ...config, train: { ...config.train, microBatch } }) <= bytes;
  const size = sizes.find(fits) ?? 1;
  return size === batch ? 0 : size;
}
