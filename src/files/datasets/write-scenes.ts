import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  generateScene,
  sceneClasses,
  type Scene,
  type SceneOptions,
} from "../../method/data/scenes.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../../host/node/files/atomic-file.ts";
import { writeImage, writeMask } from "../../host/node/images/images.ts";
import { nodeHost } from "../../host/node/host.ts";
import { mapAtOnce } from "../../host/node/files/folder.ts";

export interface WriteScenesOptions {
  /** How many scenes in all. */
  readonly count: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size?: number;
  /** How many of them, the last ones, are for validation. */
  readonly valCount: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Below so many scenes a thread's own start takes longer than it saves. */
const worthwhile = 100;

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export async function writeScenes(folder: string, options: WriteScenesOptions): Promise<void> {
  const { count, valCount } = options;
  if (!(valCount >= 0 && valCount < count)) {
    throw new UserError(
      `scenes: ${valCount} of ${count} are for validation; some must be left for training`,
    );
  }
  const cores = availableParallelism();
  const pool = cores > 1 && count >= worthwhile ? nodeHost.workers.pool("scene", cores) : null;
  const paint = (scene: SceneOptions): Scene | Promise<Scene> =>
    pool ? (pool.run(scene) as Promise<Scene>) : generateScene(scene);
  try {
    await writeAll(folder, options, paint, Math.max(4, 2 * cores));
  } finally {
    await pool?.close();
  }
}

async function writeAll(
  folder: string,
  { count, seed, size = 128, valCount, onProgress }: WriteScenesOptions,
  paint: (scene: SceneOptions) => Scene | Promise<Scene>,
  atOnce: number,
): Promise<void> {
  const digits = Math.max(4, String(count).length);
  let done = 0;
  // Scenes can be made again at any time, so only tags.csv, written last, waits for the disk.
  const quick = { durable: false };
  const lines = await mapAtOnce([...Array(count).keys()], atOnce, async (index) => {
    const { image, mask, tags } = await paint({ seed, index, size });
    const name = `scene-${String(index + 1).padStart(digits, "0")}`;
    await writeImage(join(folder, "images", `${name}.png`), image, quick);
    await writeMask(join(folder, "masks", `${name}.png`), mask, quick);
    onProgress?.(++done, count);
    const split = index < count - valCount ? "train" : "val";
    return `${name}.png,${tags.map((tag) => sceneClasses[tag]).join(";")},${split}\n`;
  });
  await writeFileAtomic(join(folder, "classes.txt"), `${sceneClasses.join("\n")}\n`, quick);
  await writeFileAtomic(join(folder, "tags.csv"), `file,tags,split\n${lines.join("")}`);
}
