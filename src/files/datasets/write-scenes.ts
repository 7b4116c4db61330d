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
  /** The number of all scenes. */
  readonly count: number;
  readonly seed: number;
  /** Side in pixels. */
  readonly size?: number;
  /** The number of scenes for validation, which are the last ones. */
  readonly valCount: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The number of scenes from which threads save time. */
const minScenesForPool = 100;

/** Writes generated scenes as a plain data set: images/, masks/, tags.csv, classes.txt. */
export async function writeScenes(
  host: Pick<Host, "store" | "codec" | "workers" | "machine">,
  folder: string,
  options: WriteScenesOptions,
): Promise<void> {
  const { count, valCount } = options;
  if (!(valCount >= 0 && valCount < count)) {
    throw new UserError(
      `scenes: ${valCount} of ${count} scenes are for validation; leave at least one for training`,
    );
  }
  const { cores } = host.machine;
  const pool = cores > 1 && count >= minScenesForPool ? host.workers.pool("scene", cores) : null;
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
  { count, seed, size = 128, valCount, onProgress }: WriteScenesOptions,
  paint: (scene: SceneOptions) => Scene | Promise<Scene>,
  atOnce: number,
): Promise<void> {
  const digits = Math.max(4, String(count).length);
  let done = 0;
  // Scenes can be generated again at any time, so only tags.csv, written last, waits for the disk.
  const write = (path: string, data: FileData, durable = false): Promise<void> =>
    store.write([{ path: join(folder, path), data }], { durable });
  const lines = await mapAtOnce([...Array(count).keys()], atOnce, async (index) => {
    const { image, mask, tags } = await paint({ seed, index, size });
    const name = `scene-${String(index + 1).padStart(digits, "0")}`;
    await write(`images/${name}.png`, await codec.encode(image, "png"));
    await write(`masks/${name}.png`, await codec.encodeLabels(mask));
    onProgress?.(++done, count);
    const split = index < count - valCount ? "train" : "val";
    return `${name}.png,${tags.map((tag) => sceneClasses[tag]).join(";")},${split}\n`;
  });
  await write("classes.txt", `${sceneClasses.join("\n")}\n`);
  await write("tags.csv", `file,tags,split\n${lines.join("")}`, true);
}
