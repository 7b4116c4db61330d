import { inspectDataset, type DatasetReport } from "../files/datasets/index.ts";
import type { Host } from "../host/host.ts";
import { reports, type ReadingEvent } from "./events.ts";

export interface InspectJob {
  /** Folder of the data set. */
  readonly data: string;
  /** Decode every image and mask, not only their headers. */
  readonly decode: boolean;
  readonly seed: number;
  /** A .csv file to write the tags into. */
  readonly tagsTo?: string | undefined;
}

/** Reads all of a data set and returns what is understood of it, and its problems. */
export function inspectFolder(
  host: Host,
  { data, ...options }: InspectJob,
): AsyncGenerator<ReadingEvent, DatasetReport> {
  return reports((report) =>
    inspectDataset(host, data, {
      ...options,
      onProgress: (done, total, what) => report({ type: "reading", done, total, what }),
    }),
  );
}
