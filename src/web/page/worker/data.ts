import { inspectDataset } from "../../../files/datasets/index.ts";
import type { DroppedFolder } from "../../../host/web/files/dropped.ts";
import type { DataFacts } from "../protocol.ts";
import { host } from "./host.ts";
import { listFiles } from "./list-files.ts";
import type { Doing } from "./serve-tasks.ts";

/** Reads a dropped folder whole, with all of its problems. */
export async function inspect(
  folder: DroppedFolder,
  { tell, signal }: Doing<"inspect">,
): Promise<DataFacts> {
  const path = host.addFolder(folder.name, folder.content);
  try {
    const onProgress = (done: number, total: number, what: string): void =>
      tell({ type: "reading", done, total, what });
    const report = await inspectDataset(host, path, { onProgress, signal });
    const { format, classes, counts, sides, problems, obstacle } = report;
    const { train, val } = counts.splits;
    const files = await listFiles(path);
    return {
      name: folder.name,
      ...{ format, classes, sides, problems },
      perClass: train?.perClass ?? classes.map(() => 0),
      training: train?.images ?? 0,
      validation: val?.images ?? 0,
      masks: counts.all.masks,
      ...(obstacle !== undefined && { obstacle }),
      files: files.length,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
    };
  } finally {
    host.removeFolder(path);
  }
}
