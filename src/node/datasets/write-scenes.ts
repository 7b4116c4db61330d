import { availableParallelism } from "node:os";
import { join } from "node:path";
import Tinypool from "tinypool";
import { generateScene, sceneClasses, type Scene, type SceneOptions } from "../../data/scenes.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../atomic-file.ts";
import { writeImage, writeMask } from "../images.ts";
import { workerEntry } from "../worker-entry.ts";
import { mapAtOnce } from "./files.ts";

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

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export async function writeScenes(folder: string, options: WriteScenesOptions): Promise<void> {
  const { count, valCount } = options;
  if (!(valCount >= 0 && valCount < count)) {
    throw new UserError(
      `scenes: ${valCount} of ${count} are for validation; some must be left for training`,
    );
  }
  const painter = scenePainter(count);
  try {
    await writeAll(folder, options, painter);
  } finally {
    await painter.close();
  }
}

async function writeAll(
  folder: string,
  { count, seed, size = 128, valCount, onProgress }: WriteScenesOptions,
  painter: ScenePainter,
): Promise<void> {
  const digits = Math.max(4, String(count).length);
  let done = 0;
  // Scenes can be made again at any time, so only tags.csv, written last, waits for the disk.
  const quick = { durable: false };
  const lines = await mapAtOnce([...Array(count).keys()], 2 * painter.threads, async (index) => {
    const { image, mask, tags } = await painter.paint({ seed, index, size });
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

/** Below so many scenes a thread's own start takes longer than it saves. */
const worthwhile = 100;

interface ScenePainter {
  readonly threads: number;
  paint(options: SceneOptions): Promise<Scene>;
  close(): Promise<void>;
}

/** Paints in a thread a core; few scenes, or on a single core, in the caller's. */
function scenePainter(count: number): ScenePainter {
  const threads = availableParallelism();
  if (threads === 1 || count < worthwhile) {
    return {
      threads: 1,
      paint: async (options) => generateScene(options),
      close: async () => undefined,
    };
  }
  const pool = new Tinypool({
    filename: workerEntry("scene-worker").href,
    runtime: "worker_threads",
    minThreads: threads,
    maxThreads: threads,
  });
  return {
    threads,
    paint: (options) => pool.run(options) as Promise<Scene>,
    close: () => pool.destroy(),
  };
}
