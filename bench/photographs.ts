import { link, mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Sample } from "../src/method/data/sample.ts";
import { generateScene } from "../src/method/data/scenes.ts";
import { writeFileAtomic } from "../src/host/node/files/atomic-file.ts";
import { Random } from "../src/engine/random.ts";

/** Size of Pascal VOC's images. */
export const photograph = { width: 500, height: 375 } as const;

/** Deviation of the grain, 8-bit levels: with it a file is as large as a photograph's. */
const grain = 9;
const quality = 88;

/** A drawn scene with the grain of a camera as JPEG: 60 to 100 kB, as photographs of this size are. */
async function drawPhotograph(seed: number, index: number): Promise<Uint8Array> {
  const { width, height } = photograph;
  const { data: scene } = generateScene({ seed, index, size: width }).image;
  const random = Random.at(seed, "grain", index);
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i += 3) {
    const gray = grain * 2 * (random.next() + random.next() + random.next() - 1.5);
    for (let c = 0; c < 3; c++) {
      pixels[i + c] = Math.max(0, Math.min(255, Math.round(scene[i + c]! + gray)));
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

/**
 * Writes `different` drawn photographs, the same for the same seed, and lists them as `count` samples
 * with a name each: the loader keeps small images by name, and a large data set has no use of that.
 */
export async function writePhotographs(
  folder: string,
  { different, count, seed }: { different: number; count: number; seed: number },
): Promise<Sample[]> {
  await mkdir(folder, { recursive: true });
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const image = join(folder, `photo-${i}.jpg`);
    if (i < different) {
      await writeFileAtomic(image, await drawPhotograph(seed, i), { durable: false });
    } else {
      await link(join(folder, `photo-${i % different}.jpg`), image);
    }
    samples.push({ name: `photo-${i}`, image, tags: tagsOf(i) });
  }
  return samples;
}

/** Two classes an image, of any number from four up. */
function tagsOf(index: number): number[] {
  return [index % 2, 2 + (index % 2)];
}
