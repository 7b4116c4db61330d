import { posix, join } from "node:path";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { validateClasses, vocClasses } from "../../../method/images/classes.ts";
import { UserError } from "../../../user-error.ts";
import { leavesFolder } from "../../datasets/layouts/description.ts";
import { isFolder, listFolder, stem } from "../../../host/node/files/folder.ts";
import { readMask } from "../../../host/node/images/images.ts";
import { classesBeside } from "../source-classes.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readDataYaml, type DataYaml } from "../text-files.ts";

/** Where palette masks may be below a folder, the first that exists counts. */
const maskFolders = ["masks", "SegmentationClassAug", "SegmentationClass"] as const;

/** Folders deeper than this are not looked into (links may lead in circles). */
const maxDepth = 8;

/** The folder of a VOC-like data set, or of masks alone, that holds the PNGs. */
export async function paletteFolder(root: string): Promise<string | undefined> {
  for (const name of maskFolders) {
    if (await isFolder(join(root, name))) return join(root, name);
  }
  const { files } = await listFolder(root);
  return files.some((file) => /\.png$/i.test(file)) ? root : undefined;
}

/** VOC masks: PNGs whose palette indices or gray values are labels. */
export async function paletteSource(root: string, options: SourceOptions): Promise<MaskSource> {
  const folder = await paletteFolder(root);
  if (folder === undefined) {
    throw new UserError(`${root}: no masks/, SegmentationClass/ or PNG files in this folder`);
  }
  const classes =
    options.classes ??
    (await classesBeside(root, true)) ??
    (await namesOf(root)) ??
    (folder.includes("SegmentationClass") ? vocClasses : undefined);
  if (!classes) {
    throw new UserError(
      `${root}: nothing names the classes of its masks; give them by --classes cat,dog,...`,
    );
  }
  const entries = await pngEntries(folder, options, (labels) => labels);
  return { format: "voc", classes, entries, close: () => Promise.resolve() };
}

/** Ultralytics' semantic masks: class ids as gray PNGs; without a class "background" all ids move up by one. */
export async function ultralyticsSource(
  root: string,
  { names, masksDir = "masks", path }: DataYaml,
  options: SourceOptions,
): Promise<MaskSource> {
  if (!names) throw new UserError(`${path}: has no names`);
  if (leavesFolder(masksDir)) {
    throw new UserError(`${path}: masks_dir is "${masksDir}"; it must lie inside the folder`);
  }
  const hasBackground = names.get(0)?.toLowerCase() === "background";
  const shift = hasBackground ? 0 : 1;
  const found = Array.from({ length: names.size - 1 + shift }, (_, i) => {
    const name = names.get(i + 1 - shift);
    if (name === undefined) throw new UserError(`${path}: names has no entry for ${i + 1 - shift}`);
    return name;
  });
  validateClasses(found, path);
  const move = (labels: LabelMap): LabelMap =>
    shift === 0
      ? labels
      : { ...labels, data: labels.data.map((v) => (v === ignoreIndex ? v : Math.min(v + 1, 254))) };
  const entries = await pngEntries(join(root, masksDir), options, move);
  const classes = options.classes ?? found;
  return { format: "ultralytics", classes, entries, close: () => Promise.resolve() };
}

async function pngEntries(
  folder: string,
  { images }: SourceOptions,
  change: (labels: LabelMap) => LabelMap,
): Promise<MaskEntry[]> {
  return (await listPngs(folder)).map((file) => {
    const name = stem(file);
    const path = join(folder, file);
    const image = images.get(name);
    return {
      ...{ name, where: path, ...(image !== undefined && { image }) },
      read: async () => change(await readMask(path)),
    };
  });
}

async function listPngs(folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await listFolder(folder);
  const found = files.filter((file) => /\.png$/i.test(file));
  if (depth >= maxDepth) return found;
  for (const name of folders) {
    const inside = await listPngs(join(folder, name), depth + 1);
    found.push(...inside.map((file) => posix.join(name, file)));
  }
  return found;
}

/** Foreground names of a data.yaml, numbered from 0 as tag2mask's own. */
async function namesOf(root: string): Promise<string[] | undefined> {
  const description = await readDataYaml(root);
  if (!description?.names) return undefined;
  const names = [...description.names].sort(([a], [b]) => a - b).map(([, name]) => name);
  if (names[0]?.toLowerCase() === "background") names.shift();
  validateClasses(names, description.path);
  return names;
}
