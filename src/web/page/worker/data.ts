import { inspectDataset, writeScenes } from "../../../files/datasets/index.ts";
import { join } from "../../../files/text/path.ts";
import type { DroppedFolder } from "../../../host/web/files/dropped.ts";
import type { DataFacts, Scenes, TrainInput } from "../protocol.ts";
import { host } from "./host.ts";
import type { Doing } from "./serve-tasks.ts";

/** Share of the scenes that is held out for validation. */
const valShare = 1 / 7;

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

/** Puts what a run is trained on into the storage of the page: a dropped folder is gone after the visit. */
export async function storeImages(
  { data, choices }: TrainInput,
  to: string,
  { tell, signal }: Doing<"train">,
): Promise<void> {
  if ("scenes" in data) return drawScenes(data.scenes, choices.seed, to, { tell, signal });
  const from = host.addFolder(data.folder.name, data.folder.content);
  try {
    const files = await listFiles(from);
    for (const [done, { path }] of files.entries()) {
      signal.throwIfAborted();
      await host.store.copy(join(from, path), join(to, path));
      tell({ type: "reading", what: "files copied", done: done + 1, total: files.length });
    }
  } finally {
    host.removeFolder(from);
  }
}

function drawScenes(
  { count, size }: Scenes,
  seed: number,
  to: string,
  { tell, signal }: Pick<Doing<"train">, "tell" | "signal">,
): Promise<void> {
  return writeScenes(host, to, {
    count,
    size,
    seed,
    valCount: Math.max(1, Math.round(count * valShare)),
    onProgress: (done, total) => {
      signal.throwIfAborted();
      tell({ type: "reading", what: "scenes drawn", done, total });
    },
  });
}

interface ListedFile {
  /** Below the folder. */
  readonly path: string;
  readonly size: number;
}

/** All files of a folder, without those whose names begin with a dot. */
async function listFiles(root: string, below = ""): Promise<ListedFile[]> {
  const { store } = host;
  const { folders, files } = await store.list(join(root, below));
  const found: ListedFile[] = [];
  for (const name of files) {
    const path = join(below, name);
    found.push({ path, size: (await store.stat(join(root, path)))?.size ?? 0 });
  }
  for (const name of folders) found.push(...(await listFiles(root, join(below, name))));
  return found;
}
