import { inspectDataset, type DatasetReport } from "../files/datasets/index.ts";
import type { Host } from "../host/host.ts";
import {
  isAbort,
  reports,
  type JobOptions,
  type ReadingEvent,
  type StoppedEvent,
} from "./events.ts";

export interface InspectJob {
  /** Folder of the data set. */
  readonly data: string;
  /** Decode every image and mask, not only their headers. */
  readonly decode: boolean;
  readonly seed: number;
  /** Make one class of tags that differ only in letter case. */
  readonly mergeCase?: boolean;
  /** A .csv file to write the tags into. */
  readonly tagsTo?: string | undefined;
}

export type InspectEvent =
  ReadingEvent | StoppedEvent | { readonly type: "report"; readonly report: DatasetReport };

/** Reads all of a data set and reports its content and its problems. */
export async function* inspectFolder(
  host: Host,
  { data, ...job }: InspectJob,
  { signal }: JobOptions = {},
): AsyncGenerator<InspectEvent, void> {
  let last = { done: 0, total: 0 };
  try {
    const report = yield* reports<ReadingEvent, DatasetReport>((tell) =>
      inspectDataset(host, data, {
        ...job,
        signal,
        onProgress: (done, total, what) => {
          last = { done, total };
          tell({ type: "reading", done, total, what });
        },
      }),
    );
    yield { type: "report", report };
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
    yield { type: "stopped", ...last };
  }
}
