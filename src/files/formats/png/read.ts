import type { FileHost } from "../../../host/host.ts";
import type { Store } from "../../../host/store.ts";
import { dirname, stem, join } from "../../text/path.ts";
import {
  foregroundClasses,
  guessedBackground,
  isBackground,
  validateClasses,
  vocClasses,
} from "../../../method/images/classes.ts";
import { ignoreIndex, type LabelMap } from "../../../method/images/image.ts";
import { UserError } from "../../../user-error.ts";
import { leavesFolder } from "../../text/file-name.ts";
import { chooseClasses } from "../chosen-classes.ts";
import { readClassNames } from "../class-names.ts";
import { LabelCounts } from "../label-counts.ts";
import { classesBeside } from "../source-classes.ts";
import type { MaskEntry, MaskSource, SourceOptions } from "../source.ts";
import { readDataYaml, type DataYaml } from "../text-files.ts";

/** Usual names of folders with palette masks; the first that exists is read. */
const maskFolders = [
  ...["masks", "SegmentationClassAug", "SegmentationClassPNG", "SegmentationClass"],
] as const;

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
  const own = await paletteClasses(store, root, folder);
  const chosen = chooseClasses(own, options, root);
  const classes =
    chosen?.classes ?? (folder.includes("SegmentationClass") ? vocClasses : undefined);
  if (!classes) {
    const binary = await binaryError(host, root, folder);
    if (binary) throw binary;
    throw new UserError(
      `${root}: the class names of its masks are unknown: it has no classes.json, classes.txt or data.yaml with names`,
      {
        code: "unnamed-classes",
        remedies: [{ kind: "option", name: "classes", value: "cat,dog,..." }],
      },
    );
  }
  const read = options.binary ? binaryLabels(classes, root) : renumbered(chosen?.labels);
  const entries = await pngEntries(host, folder, options, read);
  return { format: "voc", classes, entries, close: () => Promise.resolve() };
}

/** The class names beside masks: in their folder, or in that of the data set whose masks they are. */
export async function paletteClasses(
  store: Store,
  root: string,
  folder: string,
): Promise<readonly string[] | undefined> {
  const own = (await classesBeside(store, root, true)) ?? (await yamlClasses(store, root));
  // Of a folder of PNGs alone the list may stand one folder higher, as in a data set.
  const above = join(dirname(root), "classes.txt");
  if (own || folder !== root || (await store.stat(above))?.kind !== "file") return own;
  return readClassNames(store, above);
}

/** Most masks that are read to find out whether all of them are binary. */
const mostSampled = 20;

/** The error for masks without class names that have only the values 0 and 255, which hold one class; undefined for others. */
async function binaryError(
  { store, codec }: FileHost,
  root: string,
  folder: string,
): Promise<UserError | undefined> {
  const counts = new LabelCounts();
  for (const file of (await listPngs(store, folder)).slice(0, mostSampled)) {
    try {
      counts.add(file, (await codec.decodeLabels(join(folder, file))).data);
    } catch (error) {
      // A broken mask is told when it is converted.
      if (!(error instanceof UserError)) throw error;
    }
  }
  if (!counts.looksBinary) return undefined;
  const which = counts.masks < mostSampled ? "its masks" : `its first ${mostSampled} masks`;
  return new UserError(
    `${root}: the class name of its masks is unknown, and ${which} have only the values 0 and 255, like binary masks of painting programs`,
    {
      code: "unnamed-classes",
      remedies: [
        {
          ...{ kind: "job", name: "convert", argument: root },
          options: {
            ...{ binary: true, classes: "<one name>", to: "voc" },
            out: `${root.replace(/\/+$/, "")}-binary`,
          },
          purpose: "makes 255 the class",
        },
      ],
    },
  );
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
  const first = names.get(0);
  const shift = isBackground(first ?? "", 0) ? 0 : 1;
  const guess = guessedBackground([first ?? ""]);
  if (guess !== undefined) options.tell?.(`${path}: ${guess}`);
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
  const { classes, labels: own } = chooseClasses(foreground, options, path)!;
  const renumber = renumbered(own);
  const read = (values: LabelMap): LabelMap => renumber(toLabels(values));
  const entries = await pngEntries(host, join(root, masksDir), options, read);
  return { format: "ultralytics", classes, entries, close: () => Promise.resolve() };
}

/** Labels of masks whose object is 255. */
function binaryLabels(classes: readonly string[], where: string): (map: LabelMap) => LabelMap {
  if (classes.length !== 1) {
    throw new UserError(
      `${where}: binary masks have one class, but there are ${classes.length}: ${classes.join(", ")}`,
      { remedies: [{ kind: "option", name: "classes", value: "<one name>" }] },
    );
  }
  return (map) => {
    const other = map.data.find((value) => value !== 0 && value !== ignoreIndex);
    if (other === undefined) return { ...map, data: map.data.map((value) => Number(value > 0)) };
    throw new UserError(
      `${where}: a mask has the value ${other}; binary masks have only 0 and 255`,
    );
  };
}

/** Gives each label its place among the classes that were chosen; unknown labels stay and are refused later. */
function renumbered(labels: readonly number[] | undefined): (map: LabelMap) => LabelMap {
  if (!labels || labels.every((label, own) => label === own)) return (map) => map;
  return (map) => ({ ...map, data: map.data.map((v) => unknownOr(labels[v], v)) });
}

/** A label without a place must not become one that a class has. */
function unknownOr(label: number | undefined, own: number): number {
  return label ?? (own === ignoreIndex ? own : ignoreIndex - 1);
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
  const sorted = [...description.names].sort(([a], [b]) => a - b).map(([, name]) => name);
  const names = foregroundClasses(sorted, description.path);
  validateClasses(names, description.path);
  return names;
}
