import { cocoClasses, vocClasses } from "../../../method/images/classes.ts";
import type { Description } from "./description.ts";
import { Entries, type Entry } from "../listing/entries.ts";
import type { FileHost } from "../../../host/host.ts";
import type { FolderContent, Store } from "../../../host/store.ts";
import { isFolder, listImages } from "../../text/folders.ts";
import { basename, join, stem } from "../../text/path.ts";
import { mapAtOnce } from "../map-at-once.ts";
import {
  type Listing,
  type OnProgress,
  type Problem,
  type Source,
  originAt,
} from "../listing/listing.ts";
import type { Listed, ListedImages, Named } from "../listing/listed-images.ts";
import { noLists, readLists } from "./lists.ts";
import {
  leftOut,
  maskSource,
  numbersOf,
  TagSources,
  type Answer,
  tagsFileSource,
  xmlSource,
} from "../tags/sources.ts";
import { ownCopy } from "../../text/pieces.ts";
import { NameTable } from "../listing/name-table.ts";

/** How COCO 2014 in folders like VOC's differs from VOC. */
const kinds = {
  voc: { classes: vocClasses, name: "the VOC classes" },
  coco: { classes: cocoClasses, name: "the COCO classes" },
} as const;

/** Masks that are decoded in some seconds. */
const manyMasks = 1000;

/** Folders of masks; where an image has one in both, the first is taken. */
const maskFolders = ["SegmentationClassAug", "SegmentationClass"];

export interface VocOptions {
  readonly kind: "voc" | "coco";
  /** What is directly in JPEGImages. */
  readonly inside: FolderContent;
  readonly onProgress?: OnProgress | undefined;
}

const nothing: readonly string[] = [];

/**
 * A VOC folder: JPEGImages, lists, palette masks in SegmentationClassAug or SegmentationClass; or COCO 2014 in such
 * folders, with `train` and `val` in each. Tags come from a tags file, else from Annotations/*.xml, else from the masks.
 */
export async function listVoc(
  { store, codec }: FileHost,
  root: string,
  description: Description,
  { kind, inside, onProgress }: VocOptions,
): Promise<Listing> {
  const images = join(root, "JPEGImages");
  const onDisk = new FilesByName(
    await listImages(store, images, { content: inside, sorted: false }),
  );
  const lists = await readLists(store, root, kind, onDisk.names);
  const problems: Problem[] = [...lists.problems];
  const { listed } = lists;
  const sources = [...lists.sources];
  if (kind === "coco") sources.push(...addWholeFolders(lists, onDisk, images));
  if (listed.length === 0) throw await noLists(store, root);

  const masks = await readMaskFolders(store, root);
  const classes = description.classes ?? { names: kinds[kind].classes, file: kinds[kind].name };
  const about = { kind, classes: classes.names, names: onDisk.names, problems };
  const maskOf = ({ name, split }: Listed): string | undefined => masks.find(name, split)?.path;
  const candidates = [
    await tagsFileSource(store, root, description, about),
    await xmlSource(store, root),
    maskSource(codec, classes.names, maskOf),
  ];
  const tagSources = new TagSources<Listed>(candidates.filter((source) => source !== undefined));
  const entries = new Entries(listed.length);
  const add = (item: Listed, tags: Answer): void => {
    const { id, split, from, line } = item;
    if (id === undefined) {
      problems.push(leftOut(originAt(from, line), `${item.name} is not in ${images}; left out`));
    } else if (tags !== undefined && "message" in tags) problems.push(tags);
    else if (tags === undefined && split !== "test") {
      const message = `${item.name} has no tags: it is in none of ${tagSources.names}; left out`;
      problems.push(leftOut(originAt(from, line), message));
    } else {
      const place = onDisk.file(id, split);
      const file = onDisk.inFolders ? basename(place) : place;
      const mask = maskOf(item);
      const known = tags ?? nothing;
      const untagged = tags === undefined;
      entries.push({ file, place, folder: images, tags: known, untagged, split, mask, from, line });
    }
  };
  let done = 0;
  const ask = (item: Listed): Answer | Promise<Answer> => {
    onProgress?.(++done, listed.length, "tags");
    return item.id === undefined ? undefined : tagSources.read(item);
  };
  await forEachAnswer(listed, ask, add);
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
    // Of several files that have one name, different splits may find the same.
    distinct: lists.distinct && kind === "voc",
    sources: { lists: sources, tags: tagSources.used, masks: used },
  };
}

/** Asks for the tags of all images, several at a time from the first on that has to be waited for; tells in their order. */
async function forEachAnswer(
  listed: ListedImages,
  ask: (item: Listed) => Answer | Promise<Answer>,
  tell: (item: Listed, tags: Answer) => void,
): Promise<void> {
  let first = 0;
  let waiting: Promise<Answer> | undefined;
  for (; first < listed.length; first++) {
    const item = listed.at(first);
    const answer = ask(item);
    if (answer instanceof Promise) {
      waiting = answer;
      break;
    }
    tell(item, answer);
  }
  const rest = { length: listed.length - first, at: (i: number) => listed.at(first + i) };
  const answers = await mapAtOnce(rest, 16, (item, i) => (i === 0 ? waiting : ask(item)));
  answers.forEach((answer, i) => tell(rest.at(i), answer));
}

/** Files by the last part of their names, without ending; several may have the same in different folders. */
class FilesByName {
  readonly names: NameTable;
  /** Whether any file is in a folder below. */
  readonly inFolders: boolean;
  /** Of each name the first file. */
  private readonly files: readonly string[];
  /** All files of the names that have several, sorted. */
  private readonly several = new Map<number, string[]>();

  constructor(paths: readonly string[]) {
    this.names = new NameTable(paths.length);
    this.inFolders = paths.some((path) => path.includes("/"));
    const names = paths.map((path) => ownCopy(stem(this.inFolders ? basename(path) : path)));
    const again = new Map<number, number>();
    this.names.addAll(names, (i, id, isNew) => {
      if (!isNew) again.set(i, id);
    });
    this.files = again.size === 0 ? paths : paths.filter((_, i) => !again.has(i));
    for (const [i, id] of again) this.several.set(id, [...this.all(id), paths[i]!].sort());
  }

  /** The file of a name, in a folder named like the split if there are several. */
  file(id: number, split: string): string {
    const same = this.several.size === 0 ? undefined : this.several.get(id);
    if (!same) return this.files[id]!;
    return same.find((path) => splitOfFolder(path) === split) ?? same[0]!;
  }

  inSplit(split: string): Named[] {
    return this.files
      .map((_, id) => ({ id, here: this.all(id).some((path) => splitOfFolder(path) === split) }))
      .filter(({ here }) => here)
      .map(({ id }) => ({ name: this.names.at(id), id }));
  }

  private all(id: number): readonly string[] {
    return this.several.get(id) ?? [this.files[id]!];
  }
}

/** `train` for train/ and train2014/. */
export function splitOfFolder(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf("/"))).replace(/\d{4}$/, "");
}

/** COCO's folders say themselves what belongs to a split, so that lists may be missing. */
function addWholeFolders(
  { listed, splits }: { listed: ListedImages; splits: ReadonlySet<string> },
  onDisk: FilesByName,
  images: string,
): Source[] {
  const from: Source[] = [];
  for (const split of ["train", "val", "test"].filter((split) => !splits.has(split))) {
    const found = onDisk.inSplit(split).sort((a, b) => (a.name < b.name ? -1 : 1));
    if (found.length === 0) continue;
    for (const named of found) {
      listed.push({ ...named, split, from: join(images, split), line: undefined });
    }
    from.push({ from: `all of JPEGImages/${split}`, images: found.length });
  }
  return from;
}

interface Mask {
  readonly path: string;
  readonly folder: string;
}

interface MaskFinder {
  find(name: string, split: string): Mask | undefined;
  /** How many entries have their mask from each folder. */
  count(entries: Iterable<Entry>): Source[];
}

/** Mask PNGs by name, or by number for those of COCO. */
async function readMaskFolders(store: Store, root: string): Promise<MaskFinder> {
  const folders: {
    folder: string;
    /** How the paths of its masks begin. */
    inside: string;
    files: FilesByName;
    byNumber: Map<string, string>;
  }[] = [];
  for (const folder of maskFolders) {
    if (!(await isFolder(store, join(root, folder)))) continue;
    const files = (await listImages(store, join(root, folder))).filter((file) =>
      /\.png$/i.test(file),
    );
    const byNumber = new Map<string, string>();
    for (const file of files) {
      const [number] = numbersOf(stem(basename(file)));
      if (number !== undefined) byNumber.set(number, file);
    }
    const inside = join(root, folder, "/");
    folders.push({ folder, inside, files: new FilesByName(files), byNumber });
  }
  return {
    find: (name, split) => {
      for (const { folder, files, byNumber } of folders) {
        const number = numbersOf(name)[0];
        const id = files.names.find(name);
        const numbered = number ? byNumber.get(number) : undefined;
        const file = id === undefined ? numbered : files.file(id, split);
        if (file !== undefined) return { path: join(root, folder, file), folder };
      }
      return undefined;
    },
    count: (entries) => {
      const counts = new Map<string, number>();
      for (const { mask } of entries) {
        const folder = folders.find(({ inside }) => mask?.startsWith(inside))?.folder;
        if (folder !== undefined) counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
      return folders.map(({ folder }) => ({ from: folder, images: counts.get(folder) ?? 0 }));
    },
  };
}
