import { join } from "node:path";
import { nodeHost } from "../../../src/host/node/host.ts";
import type { InstanceKind } from "../../../src/method/images/regions.ts";
import type { LabelMap } from "../../../src/method/images/image.ts";
import { generateScene, sceneClasses } from "../../../src/method/data/scenes.ts";
import { formatFiles, type MaskFormat } from "../../../src/files/formats/formats.ts";
import { LostDetails, type LostDetail } from "../../../src/files/formats/lost-details.ts";
import { MaskFolder, type MaskFolderOptions } from "../../../src/files/formats/mask-folder.ts";
import { ImageFiles, openMasks, type MaskEntry } from "../../../src/files/formats/open.ts";
import { Random } from "../../../src/engine/random.ts";

export const classes = sceneClasses;

export type NamedMasks = ReadonlyMap<string, LabelMap>;

/** Scenes of the demo. */
export function demoMasks(count: number): NamedMasks {
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `scene-${index}`,
      generateScene({ seed: 7, index }).mask,
    ]),
  );
}

/** What a format may stumble over. */
export function awkwardMasks(): NamedMasks {
  const random = Random.at(3, "awkward");
  const noise = (width: number, height: number, labels: readonly number[]): LabelMap => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height }, () => labels[random.int(labels.length)]!),
  });
  const fill = (width: number, height: number, label: number): LabelMap =>
    noise(width, height, [label]);
  const scene = generateScene({ seed: 7, index: 9 }).mask;
  const outlined = { ...scene, data: scene.data.slice() };
  // VOC leaves a border of ignored pixels around objects.
  scene.data.forEach((label, i) => {
    if (label !== scene.data[i + 1] && i % scene.width < scene.width - 1) outlined.data[i] = 255;
  });
  const blocks = fill(500, 333, 0);
  for (let y = 20; y < 300; y++) {
    for (let x = 30; x < 480; x++) blocks.data[y * 500 + x] = x < 200 ? 1 : x < 330 ? 2 : 4;
  }
  const ring = fill(33, 21, 3);
  for (let y = 5; y < 15; y++) ring.data.fill(y % 5 === 0 ? 1 : 0, y * 33 + 8, y * 33 + 20);
  return new Map([
    ["outlined with ignored pixels", outlined],
    ["touching, 500x333", blocks],
    ['trip/猫 é ü & "quoted", 100%', ring],
    ["nothing", fill(17, 9, 0)],
    ["all ignored", fill(5, 4, 255)],
    ["one pixel", fill(1, 1, 2)],
    ["one row", noise(40, 1, [0, 0, 1, 4, 255])],
    ["one column", noise(1, 31, [0, 2, 2, 3])],
    ["noise", noise(24, 31, [0, 0, 1, 2, 255])],
  ]);
}

/** Writes masks in a format; returns where, and what it could not hold. */
export async function writeAll(
  root: string,
  format: MaskFormat,
  masks: NamedMasks,
  options: MaskFolderOptions = {},
): Promise<{ path: string; losses: LostDetail[] }> {
  const folder = await MaskFolder.create(nodeHost, root, classes, {
    ...{ format: [format], overlays: false, ...options },
  });
  for (const [name, labels] of masks) await folder.write(name, labels);
  await folder.finish();
  const file = formatFiles[format];
  return { path: file === undefined ? root : join(root, file), losses: folder.losses() };
}

/** Reads all masks of a file or folder. */
export async function readAll(
  path: string,
  {
    instances = "regions" as InstanceKind,
    from,
  }: { instances?: InstanceKind; from?: MaskFormat } = {},
): Promise<{
  format: MaskFormat;
  classes: readonly string[];
  masks: NamedMasks;
  losses: LostDetail[];
}> {
  const losses = new LostDetails();
  const images = await ImageFiles.find(nodeHost.store, undefined, path);
  const source = await openMasks(nodeHost, path, {
    images,
    losses,
    instances,
    ...(from && { from }),
  });
  const masks = new Map<string, LabelMap>();
  for (const entry of source.entries) masks.set(entry.name, await entry.read());
  await source.close();
  return { format: source.format, classes: source.classes, masks, losses: losses.list() };
}

/** The name that a mask has on disk. */
export function onDisk(name: string): string {
  return name.replaceAll('"', "_");
}

/** The labels of masks by name, a letter a pixel and x for 255, and the messages of those that are refused. */
export async function readEntries(
  entries: readonly MaskEntry[],
): Promise<{ masks: Record<string, string>; refused: string[] }> {
  const masks: Record<string, string> = {};
  const refused: string[] = [];
  for (const entry of entries) {
    try {
      const { data } = await entry.read();
      masks[entry.name] = [...data].map((label) => (label === 255 ? "x" : label)).join("");
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  return { masks, refused };
}
