import { openDataset, type OpenedDataset, type OpenOptions } from "../files/datasets/index.ts";
import type { FileHost } from "../host/host.ts";
import { reports, type ReadingEvent } from "./events.ts";

/** Opens a data set and reports the progress. */
export function readDataset(
  host: FileHost,
  root: string,
  options: Omit<OpenOptions, "onProgress">,
): AsyncGenerator<ReadingEvent, OpenedDataset> {
  return reports((report) =>
    openDataset(host, root, {
      ...options,
      onProgress: (done, total, what) => report({ type: "reading", done, total, what }),
    }),
  );
}
