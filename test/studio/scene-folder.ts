import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { generateScene, sceneClasses } from "../../src/method/data/scenes.ts";

export interface SceneFolder {
  /** Classes in the order of their numbers. */
  readonly classes: readonly string[];
  /** File name and tags of each scene. */
  readonly scenes: readonly { readonly file: string; readonly tags: readonly string[] }[];
}

/** Writes scenes as PNG files. @param tagged how many of them, from the first on, tags.csv tells the tags of */
export async function writeScenes(
  folder: string,
  count: number,
  { size = 64, tagged = 0, name = (i: number) => `scene-${String(i).padStart(3, "0")}.png` } = {},
): Promise<SceneFolder> {
  await mkdir(folder, { recursive: true });
  const scenes: { file: string; tags: string[] }[] = [];
  for (let index = 0; index < count; index++) {
    const { image, tags } = generateScene({ seed: 0, index, size });
    const raw = { width: image.width, height: image.height, channels: 3 } as const;
    const file = name(index);
    await sharp(image.data, { raw }).png().toFile(join(folder, file));
    scenes.push({ file, tags: tags.map((tag) => sceneClasses[tag]!) });
  }
  if (tagged > 0) {
    const lines = scenes.slice(0, tagged).map(({ file, tags }) => `${file},${tags.join(";")}\n`);
    await writeFile(join(folder, "tags.csv"), `file,tags\n${lines.join("")}`);
  }
  return { classes: sceneClasses, scenes };
}
