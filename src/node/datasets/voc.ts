import { join, posix } from "node:path";
import { cocoClasses, vocClasses } from "../../data/classes.ts";
import type { Description } from "./description.ts";
import { isFolder, listImages, mapAtOnce, stem } from "./files.ts";
import type { Entry, Listing, OnProgress, Problem, Source } from "./listing.ts";
import { noLists, readLists, type Listed } from "./lists.ts";
import {
  leftOut,
  maskSource,
  numbersOf,
  TagSources,
  tagsFileSource,
  xmlSource,
} from "./tag-sources.ts";

/** How COCO 2014 in folders like VOC's differs from VOC. */
const kinds = {
  voc: { classes: vocClasses, name: "the VOC classes" },
  coco: { classes: cocoClasses, name: "the COCO classes" },
} as const;

/** Masks that are decoded in some seconds. */
const manyMasks = 1000;

/** Folders of masks; where an image has one in both, the first is taken. */
const maskFolders = ["SegmentationClassAug", "SegmentationClass"];

/**
 * A VOC folder: JPEGImages, lists, palette masks in SegmentationClassAug or SegmentationClass; or COCO 2014 in such
 * folders, with `train` and `val` in each. Tags come from a tags file, else from Annotations/*.xml, else from the masks.
 */
export async function listVoc(
  root: string,
  description: Description,
  { kind = "voc", onProgress }: { kind?: "voc" | "coco"; onProgress?: OnProgress | undefined } = {},
): Promise<Listing> {
  const images = join(root, "JPEGImages");
  const onDisk = new FilesByName(await listImages(images));
  const has = (name: string): boolean => onDisk.has(name);
  const lists = await readLists(root, kind, has);
  const problems: Problem[] = [...lists.problems];
  const { listed, sources } = kind === "voc" ? lists : withWholeFolders(lists, onDisk, images);
  if (listed.length === 0) throw await noLists(root);

  const masks = await readMaskFolders(root);
  const classes = description.classes ?? { names: kinds[kind].classes, file: kinds[kind].name };
  const about = { kind, classes: classes.names, has, problems };
  // Asked for in the order of the list, where the split of a name is known.
  const splitOf = new Map(listed.map(({ name, split }) => [name, split]));
  const maskOf = (name: string): string | undefined => masks.find(name, splitOf.get(name)!)?.path;
  const candidates = [
    await tagsFileSource(root, description, about),
    await xmlSource(root),
    maskSource(classes.names, maskOf),
  ];
  const tagSources = new TagSources(candidates.filter((source) => source !== undefined));

  let done = 0;
  const entryOf = async ({ name, split, origin }: Listed): Promise<Entry | Problem> => {
    const file = onDisk.find(name, split);
    if (file === undefined) return leftOut(origin, `${name} is not in ${images}; left out`);
    const tags = await tagSources.read(name);
    onProgress?.(++done, listed.length, "tags");
    if (tags !== undefined && "message" in tags) return tags;
    if (tags === undefined && split !== "test") {
      return leftOut(origin, `${name} has no tags: it is in none of ${tagSources.names}; left out`);
    }
    const mask = maskOf(name);
    return {
      ...{ file: posix.basename(file), path: join(images, file), tags: tags ?? [], split, origin },
      ...(tags === undefined ? { untagged: true as const } : {}),
      ...(mask === undefined ? {} : { mask }),
    };
  };
  const entries: Entry[] = [];
  for (const found of await mapAtOnce(listed, 16, entryOf)) {
    if ("message" in found) problems.push(found);
    else entries.push(found);
  }
  const fromMasks = tagSources.used.find(({ from }) => from === "masks")!.images;
  if (fromMasks > manyMasks) {
    const message =
      `tags are taken from ${fromMasks} masks each time, which is slow; ` +
      "`tag2mask data <folder> --no-decode --tags-out <folder>/tags.csv` writes them once";
    problems.push({ severity: "warning", file: root, message });
  }
  const used = masks.count(entries);
  return {
    ...{ format: kind, entries, classes, problems },
    sources: { lists: sources, tags: tagSources.used, masks: used },
  };
}

/** Files by the last part of their names, without ending; several may have the same in different folders. */
class FilesByName {
  private readonly files = new Map<string, string[]>();

  constructor(paths: readonly string[]) {
    for (const path of paths) {
      const name = stem(posix.basename(path));
      const same = this.files.get(name);
      if (same) same.push(path);
      else this.files.set(name, [path]);
    }
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** The file of this name, in a folder named like the split if there are several. */
  find(name: string, split: string): string | undefined {
    const same = this.files.get(name);
    return same?.find((path) => splitOfFolder(path) === split) ?? same?.[0];
  }

  inSplit(split: string): string[] {
    return [...this.files.keys()].filter((name) =>
      this.files.get(name)!.some((path) => splitOfFolder(path) === split),
    );
  }
}

/** `train` for train/ and train2014/. */
export function splitOfFolder(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf("/"))).replace(/\d{4}$/, "");
}

/** COCO's folders say themselves what belongs to a split, so that lists may be missing. */
function withWholeFolders(
  {
    listed,
    splits,
    sources,
  }: { listed: readonly Listed[]; splits: ReadonlySet<string>; sources: readonly Source[] },
  onDisk: FilesByName,
  images: string,
): { listed: readonly Listed[]; sources: readonly Source[] } {
  const all = [...listed];
  const from = [...sources];
  for (const split of ["train", "val", "test"].filter((split) => !splits.has(split))) {
    const names = onDisk.inSplit(split).sort();
    if (names.length === 0) continue;
    for (const name of names) all.push({ name, split, origin: { file: join(images, split) } });
    from.push({ from: `all of JPEGImages/${split}`, images: names.length });
  }
  return { listed: all, sources: from };
}

interface Mask {
  readonly path: string;
  readonly folder: string;
}

interface MaskFinder {
  find(name: string, split: string): Mask | undefined;
  /** How many entries have their mask from each folder. */
  count(entries: readonly Entry[]): Source[];
}

/** Mask PNGs by name, or by number for those of COCO. */
async function readMaskFolders(root: string): Promise<MaskFinder> {
  const folders: { folder: string; files: FilesByName; byNumber: Map<string, string> }[] = [];
  for (const folder of maskFolders) {
    if (!(await isFolder(join(root, folder)))) continue;
    const files = (await listImages(join(root, folder))).filter((file) => /\.png$/i.test(file));
    const byNumber = new Map<string, string>();
    for (const file of files) {
      const [number] = numbersOf(stem(posix.basename(file)));
      if (number !== undefined) byNumber.set(number, file);
    }
    folders.push({ folder, files: new FilesByName(files), byNumber });
  }
  return {
    find: (name, split) => {
      for (const { folder, files, byNumber } of folders) {
        const number = numbersOf(name)[0];
        const file = files.find(name, split) ?? (number ? byNumber.get(number) : undefined);
        if (file !== undefined) return { path: join(root, folder, file), folder };
      }
      return undefined;
    },
    count: (entries) =>
      folders.map(({ folder }) => {
        const inside = join(root, folder, "/");
        return {
          from: folder,
          images: entries.filter(({ mask }) => mask?.startsWith(inside)).length,
        };
      }),
  };
}
