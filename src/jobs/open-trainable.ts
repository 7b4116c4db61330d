import type { OpenedDataset, Problem } from "../files/datasets/index.ts";
import type { Host } from "../host/host.ts";
import type { Config } from "../method/config.ts";
import type { ReadingEvent } from "./events.ts";
import { readDataset } from "./read-dataset.ts";

/** A data set has been opened for training. */
export interface DatasetEvent {
  readonly type: "dataset";
  readonly folder: string;
  /** Images that are left out, and why. */
  readonly problems: readonly Problem[];
  /** Whether tags that differ only in letter case are one class. */
  readonly mergeCase: boolean;
  /** Number of images to validate on. */
  readonly validationImages: number;
}

/** Opens a data set for training. */
export async function* openTrainable(
  host: Host,
  folder: string,
  { train: { seed }, data: { mergeCase } }: Config,
  strict: boolean,
): AsyncGenerator<ReadingEvent | DatasetEvent, OpenedDataset> {
  const data = yield* readDataset(host, folder, { seed, strict, mergeCase, training: true });
  const validationImages = data.counts.splits["val"]?.images ?? 0;
  yield { type: "dataset", folder, problems: data.problems, mergeCase, validationImages };
  return data;
}
