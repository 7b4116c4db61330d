import {
  generateScene,
  sceneClasses,
  type Scene,
  type SceneOptions,
} from "../../method/data/scenes.ts";
import { UserError } from "../../user-error.ts";
import type { FileHost, Host } from "../../host/host.ts";
import type { FileData } from "../../host/store.ts";
import { join } from "../text/path.ts";
import { mapAtOnce } from "./map-at-once.ts";

export interface WriteScenesOptions {
  /** The number of scenes for training and validation. */
  readonly count: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size?: number;
  /** The number of scenes for validation, which are the last ones of `count`. */
  readonly valCount: number;
  /** The number of scenes for testing, which are of another seed and come after the others; 0 by default. */
  readonly testCount?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The number of scenes from which threads save time. */
const minScenesForPool = 100;

/** Seed of the scenes for testing: far from the small numbers that people give as seeds, so that no run trains on them. */
function testSeed(seed: number): number {
  return (seed + 2 ** 31) % 2 ** 32;
}

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export async function writeScenes(
  host: Pick<Host, "store" | "codec" | "workers" | "machine">,
  folder: string,
  options: WriteScenesOptions,
): Promise<void> {
  const { count, valCount, testCount = 0 } = options;
  if (!(valCount >= 0 && valCount < count)) {
    throw new UserError(
      `scenes: ${valCount} of ${count} scenes are for validation; leave at least one for training`,
    );
  }
  const { cores } = host.machine;
  const pool =
    cores > 1 && count + testCount >= minScenesForPool ? host.workers.pool("scene", cores) : null;
  const paint = (scene: SceneOptions): Scene | Promise<Scene> =>
    pool ? (pool.run(scene) as Promise<Scene>) : generateScene(scene);
  try {
    await writeAll(host, folder, options, paint, Math.max(4, 2 * cores));
  } finally {
    await pool?.close();
  }
}

async function writeAll(
  { store, codec }: FileHost,
  folder: string,
  { count, seed, size = 128, valCount, testCount = 0, onProgress }: WriteScenesOptions,
  paint: (scene: SceneOptions) => Scene | Promise<Scene>,
  atOnce: number,
): Promise<void> {
  const total = count + testCount;
  const digits = Math.max(4, String(total).length);
  let done = 0;
  // Scenes can be generated again at any time, so only tags.csv, written last, waits for the disk.
  const write = (path: string, data: FileData, durable = false): Promise<void> =>
    store.write([{ path: join(folder, path), data }], { durable });
  const lines = await mapAtOnce([...Array(total).keys()], atOnce, async (index) => {
    const isTest = index >= count;
    const { image, mask, tags } = await paint(
      isTest ? { seed: testSeed(seed), index: index - count, size } : { seed, index, size },
    );
    const name = `scene-${String(index + 1).padStart(digits, "0")}`;
    await write(`images/${name}.png`, await codec.encode(image, "png"));
    await write(`masks/${name}.png`, await codec.encodeLabels(mask));
    onProgress?.(++done, total);
    const split = isTest ? "test" : index < count - valCount ? "train" : "val";
    return `${name}.png,${tags.map((tag) => sceneClasses[tag]).join(";")},${split}\n`;
  });
  await write("classes.txt", `${sceneClasses.join("\n")}\n`);
  await write("tags.csv", `file,tags,split\n${lines.join("")}`, true);
}
