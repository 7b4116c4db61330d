import { join } from "node:path";
import { generateScene, sceneClasses } from "../../data/scenes.ts";
import { UserError } from "../../user-error.ts";
import { writeFileAtomic } from "../atomic-file.ts";
import { writeImage, writeMask } from "../images.ts";
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
  const { count, seed, size = 128, valCount, onProgress } = options;
  if (!(valCount >= 0 && valCount < count)) {
    throw new UserError(
      `scenes: ${valCount} of ${count} are for validation; some must be left for training`,
    );
  }
  const digits = Math.max(4, String(count).length);
  let done = 0;
  // Scenes can be made again at any time, so only tags.csv, written last, waits for the disk.
  const quick = { durable: false };
  const lines = await mapAtOnce([...Array(count).keys()], 4, async (index) => {
    const { image, mask, tags } = generateScene({ seed, index, size });
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
