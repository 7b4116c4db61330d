import { writeScenes } from "../../../files/datasets/index.ts";
import { join } from "../../../files/text/path.ts";
import { fileBlob } from "../../../browser/blobs.ts";
import type { ReadingNews, Scenes, TrainInput } from "../protocol.ts";
import { host } from "./host.ts";
import { listFiles } from "./list-files.ts";
import { imagesFolder } from "./places.ts";

/** Share of the scenes that is held out for validation. */
const valShare = 1 / 7;
/** Says which scenes a run is trained on. */
const scenesFile = "scenes.json";

/** Scenes that can be drawn again, to the same pixels. */
interface DrawnScenes extends Scenes {
  readonly seed: number;
}

interface Doing {
  readonly tell?: (news: ReadingNews) => void;
  readonly signal?: AbortSignal;
}

/**
 * Puts what a run is trained on into the storage of the page: a copy of a dropped folder, which is gone after the visit. Scenes are
 * drawn again in each visit instead.
 */
export async function storeImages(
  { data, choices, name }: TrainInput,
  { tell, signal }: Doing,
): Promise<void> {
  const to = imagesFolder(name);
  const { store } = host;
  if ("scenes" in data) {
    const scenes: DrawnScenes = { ...data.scenes, seed: choices.seed };
    return store.write([{ path: join(to, scenesFile), data: JSON.stringify(scenes) }]);
  }
  const from = host.addFolder(data.folder.name, data.folder.content);
  try {
    const files = await listFiles(from);
    for (const [done, { path }] of files.entries()) {
      signal?.throwIfAborted();
      await store.copy(join(from, path), join(to, path));
      tell?.({ type: "reading", what: "files copied", done: done + 1, total: files.length });
    }
  } finally {
    host.removeFolder(from);
  }
}

/** Does something with the images of a run: with their copy, or with scenes that are drawn for it. */
export async function withImages<Result>(
  name: string,
  use: (folder: string) => Promise<Result>,
  doing: Doing = {},
): Promise<Result> {
  const stored = imagesFolder(name);
  const file = join(stored, scenesFile);
  if (!(await host.store.exists(file))) return use(stored);
  const scenes = JSON.parse(await host.store.readText(file)) as DrawnScenes;
  const folder = await drawScenes(name, scenes, doing);
  try {
    return await use(folder);
  } finally {
    host.removeFolder(folder);
  }
}

/** Scenes in memory, where the workers that read images see them too. */
async function drawScenes(
  name: string,
  { count, size, seed }: DrawnScenes,
  { tell, signal }: Doing,
): Promise<string> {
  const drawn = `/memory/scenes-${name}`;
  try {
    await writeScenes(host, drawn, {
      ...{ count, size, seed },
      valCount: Math.max(1, Math.round(count * valShare)),
      onProgress: (done, total) => {
        signal?.throwIfAborted();
        tell?.({ type: "reading", what: "scenes drawn", done, total });
      },
    });
    const content = new Map<string, Blob>();
    for (const { path } of await listFiles(drawn)) {
      content.set(path, await fileBlob(host, join(drawn, path)));
    }
    return host.addFolder(name, content);
  } finally {
    await host.store.remove(drawn);
  }
}
