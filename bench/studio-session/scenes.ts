import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Segmenter } from "../../src/index.ts";
import { nodeHost } from "../../src/host/node/host.ts";
import { generateScene, sceneClasses } from "../../src/method/data/scenes.ts";
import { ignoreIndex, type LabelMap } from "../../src/method/images/image.ts";

/** Width and height of a scene, pixels. */
const side = 96;

/** What is known of a scene that was drawn. */
export interface DrawnScene {
  /** With the generator's numbers of classes. */
  readonly mask: LabelMap;
  /** Names of the classes in it. */
  readonly tags: readonly string[];
}

export function sceneName(index: number): string {
  return `scene-${String(index).padStart(3, "0")}`;
}

/** Draws scenes and writes them as PNG files. */
export async function drawScenes(
  folder: string,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<DrawnScene[]> {
  await mkdir(folder, { recursive: true });
  const scenes: DrawnScene[] = [];
  for (let index = 0; index < count; index++) {
    const { image, mask, tags } = generateScene({ seed, index, size: side });
    const png = await nodeHost.codec.encode(image, "png");
    await writeFile(join(folder, `${sceneName(index)}.png`), png);
    scenes.push({ mask, tags: tags.map((tag) => sceneClasses[tag]!) });
  }
  return scenes;
}

/** The true mask with the numbers that classes have where they were typed in this order. */
export function numberedBy(classes: readonly string[], { mask }: DrawnScene): LabelMap {
  const number = (label: number): number =>
    label === 0 || label === ignoreIndex ? label : classes.indexOf(sceneClasses[label - 1]!) + 1;
  return { ...mask, data: mask.data.map(number) };
}

/** mIoU, 0..1, of what a trained run segments without knowing the tags. @param folder files of the scenes */
export async function meanIou(
  run: string,
  scenes: readonly DrawnScene[],
  folder: string,
): Promise<number> {
  const segmenter = await Segmenter.open(run);
  const { classes } = segmenter;
  const both = new Float64Array(classes.length + 1);
  const either = new Float64Array(classes.length + 1);
  for (const [index, scene] of scenes.entries()) {
    const { data } = await segmenter.segment(join(folder, `${sceneName(index)}.png`));
    const truth = numberedBy(classes, scene).data;
    for (let p = 0; p < data.length; p++) {
      const [a, b] = [data[p]!, truth[p]!];
      if (b === ignoreIndex) continue;
      either[a]!++;
      if (a === b) both[a]!++;
      else either[b]!++;
    }
  }
  await segmenter.release();
  const ious = [...either.keys()].filter((c) => either[c]! > 0).map((c) => both[c]! / either[c]!);
  return ious.reduce((sum, iou) => sum + iou, 0) / ious.length;
}
