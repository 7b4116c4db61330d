import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { writeMask } from "../../src/host/node/images/codec.ts";
import { generateScene, sceneClasses } from "../../src/method/data/scenes.ts";
import type { Image, LabelMap } from "../../src/method/images/image.ts";

/** A drawn scene in the shape of a photograph, which is the upper part of a square scene. */
export interface Photograph {
  readonly name: string;
  readonly split: "train" | "val";
  readonly image: Image;
  readonly mask: LabelMap;
}

const size = { width: 320, height: 240 };

/** Draws photographs, the same ones for the same seed; every fifth is held out. */
export function drawPhotographs(count: number, seed: number): Photograph[] {
  return Array.from({ length: count }, (_, index) => {
    const { image, mask } = generateScene({ seed, index, size: size.width });
    return {
      name: `IMG_${String(1001 + index)}`,
      split: index % 5 === 4 ? "val" : "train",
      image: { ...size, data: image.data.slice(0, 3 * size.width * size.height) },
      mask: { ...size, data: mask.data.slice(0, size.width * size.height) },
    };
  });
}

/** Writes photographs as JPEG files with camera names. */
export async function writeImages(
  folder: string,
  photographs: readonly Photograph[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, image } of photographs) {
    const raw = { width: image.width, height: image.height, channels: 3 as const };
    await sharp(image.data, { raw })
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${name}.JPG`));
  }
}

/** Writes the table of tags as a spreadsheet does in Europe: a byte order mark, semicolons, quotes, CR LF, an empty row. */
export async function writeTable(path: string, photographs: readonly Photograph[]): Promise<void> {
  const rows = photographs.map(({ name, split, mask }) => {
    const tags = sceneClasses.filter((_, i) => mask.data.includes(i + 1)).join(";");
    return [`${name}.JPG`, tags.includes(";") ? `"${tags}"` : tags, split];
  });
  const table = [["file", "tags", "split"], ...rows, ["", "", ""]];
  await writeFile(path, `\uFEFF${table.map((row) => `${row.join(";")}\r\n`).join("")}`);
}

/** Writes the true masks of photographs. */
export async function writeTruth(
  folder: string,
  photographs: readonly Photograph[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, mask } of photographs) await writeMask(join(folder, `${name}.png`), mask);
}
