import type { FileHost } from "../../../host/host.ts";
import type { Store } from "../../../host/store.ts";
import { stem, join } from "../../text/path.ts";
import { validateClasses, vocClasses } from "../../../method/images/classes.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { leavesFolder } from "../../text/file-name.ts";
import { classesBeside } from "../source-classes.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readDataYaml, type DataYaml } from "../text-files.ts";

/** Usual names of folders with palette masks; the first that exists is read. */
const maskFolders = ["masks", "SegmentationClassAug", "SegmentationClass"] as const;

/** Deepest level of subfolders that is read (links may lead in circles). */
const maxDepth = 8;

/** The folder that holds the PNGs of a VOC-like data set or of a plain folder of masks. */
export async function paletteFolder(store: Store, root: string): Promise<string | undefined> {
  for (const name of maskFolders) {
    const folder = join(root, name);
    if ((await store.stat(folder))?.kind === "folder") return folder;
  }
  const { files } = await store.list(root);
  return files.some((file) => /\.png$/i.test(file)) ? root : undefined;
}

/** VOC masks: PNGs whose palette indices or gray values are labels. */
export async function paletteSource(
  host: FileHost,
  root: string,
  options: SourceOptions,
): Promise<MaskSource> {
  const { store } = host;
  const folder = await paletteFolder(store, root);
  if (folder === undefined) {
    throw new UserError(`${root}: no masks/, SegmentationClass/ or PNG files in this folder`);
  }
  const classes =
    options.classes ??
    (await classesBeside(store, root, true)) ??
    (await yamlClasses(store, root)) ??
    (folder.includes("SegmentationClass") ? vocClasses : undefined);
  if (!classes) {
    throw new UserError(
      `${root}: the class names of its masks are unknown: it has no classes.json, classes.txt or data.yaml with names`,
      {
        code: "unnamed-classes",
        remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
      },
    );
  }
  const entries = await pngEntries(host, folder, options, (labels) => labels);
  return { format: "voc", classes, entries, close: () => Promise.resolve() };
}

/** Ultralytics' semantic masks: class ids as gray PNGs. Without a class "background", labels are ids + 1. */
export async function ultralyticsSource(
  host: FileHost,
  root: string,
  { names, masksDir = "masks", path }: DataYaml,
  options: SourceOptions,
): Promise<MaskSource> {
  if (!names) throw new UserError(`${path}: has no "names" of classes`);
  if (leavesFolder(masksDir)) {
    throw new UserError(`${path}: masks_dir is "${masksDir}"; it must lie inside the folder`);
  }
  const hasBackground = names.get(0)?.toLowerCase() === "background";
  const shift = hasBackground ? 0 : 1;
  const foreground = Array.from({ length: names.size - 1 + shift }, (_, i) => {
    const name = names.get(i + 1 - shift);
    if (name === undefined) throw new UserError(`${path}: names has no entry for ${i + 1 - shift}`);
    return name;
  });
  validateClasses(foreground, path);
  const toLabels = (labels: LabelMap): LabelMap =>
    shift === 0
      ? labels
      : { ...labels, data: labels.data.map((v) => (v === ignoreIndex ? v : Math.min(v + 1, 254))) };
  const entries = await pngEntries(host, join(root, masksDir), options, toLabels);
  const classes = options.classes ?? foreground;
  return { format: "ultralytics", classes, entries, close: () => Promise.resolve() };
}

async function pngEntries(
  { store, codec }: FileHost,
  folder: string,
  { images }: SourceOptions,
  toLabels: (values: LabelMap) => LabelMap,
): Promise<MaskEntry[]> {
  return (await listPngs(store, folder)).map((file) => {
    const name = stem(file);
    const path = join(folder, file);
    const image = images.get(name);
    return {
      name,
      where: path,
      ...(image !== undefined && { image }),
      read: async () => toLabels(await codec.decodeLabels(path)),
    };
  });
}

/** Mask PNGs in a folder and below, as paths from there. */
export async function listPngs(store: Store, folder: string, depth = 0): Promise<string[]> {
  const { folders, files } = await store.list(folder);
  const pngs = files.filter((file) => /\.png$/i.test(file));
  if (depth >= maxDepth) return pngs;
  for (const name of folders) {
    const inside = await listPngs(store, join(folder, name), depth + 1);
    pngs.push(...inside.map((file) => join(name, file)));
  }
  return pngs;
}

/** Foreground names of a data.yaml, in the order of their numbers. */
export async function yamlClasses(store: Store, root: string): Promise<string[] | undefined> {
  const description = await readDataYaml(store, root);
  if (!description?.names) return undefined;
  const names = [...description.names].sort(([a], [b]) => a - b).map(([, name]) => name);
  if (names[0]?.toLowerCase() === "background") names.shift();
  validateClasses(names, description.path);
  return names;
}
