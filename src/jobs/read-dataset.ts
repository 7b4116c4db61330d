import { openDataset, type OpenedDataset, type OpenOptions } from "../files/datasets/index.ts";
import { reports, type ReadingEvent } from "./events.ts";

/** Opens a data set, telling how far that is. */
export function readDataset(
  root: string,
  options: Omit<OpenOptions, "onProgress">,
): AsyncGenerator<ReadingEvent, OpenedDataset> {
  return reports((report) =>
    openDataset(root, {
      ...options,
      onProgress: (done, total, what) => report({ type: "reading", done, total, what }),
    }),
  );
}
