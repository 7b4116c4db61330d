import { UserError } from "../../../user-error.ts";
import type { Store } from "../../../host/store.ts";
import { isImageName } from "../../../method/images/image-name.ts";
import { isFile, isFolder } from "../../text/folders.ts";
import { basename, join, relative, stem } from "../../text/path.ts";
import type { Named } from "../listing/entry.ts";
import type { ImageList, LineLookup } from "../listing/image-list.ts";
import type { Problem, Source } from "../listing/listing.ts";
import { describeFolder } from "./plain.ts";
import { LineReader, pushText } from "../../text/pieces.ts";

/** The names of the list files of each split; the first that exists in any of the places is read. */
const splitLists: readonly (readonly [split: string, lists: readonly string[]])[] = [
  ["train", ["train_aug", "trainaug", "train"]],
  ["val", ["val"]],
  ["test", ["test"]],
];

/** The folders that may hold lists and tags of a VOC or COCO data set, in the order of the search. */
export function listPlaces(store: Store, root: string, kind: "voc" | "coco"): string[] {
  const inside = ["ImageSets/Segmentation", "ImageSets/SegmentationAug", ".", kind];
  // The published code keeps them in a folder voc/ or coco/ of its own.
  const places = inside.map((place) => join(root, place));
  return basename(store.absolute(root)) === kind ? places : [...places, join(root, "..", kind)];
}

export interface SplitLists {
  /** Whether no name is listed twice. */
  readonly distinct: boolean;
  /** Splits that have a list. */
  readonly splits: ReadonlySet<string>;
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

/**
 * Adds the lists of a VOC or COCO folder to `list.listed`. Each line has the name of an image or, as in DeepLab's lists,
 * the paths of an image and its mask.
 */
export async function readLists(
  store: Store,
  root: string,
  kind: "voc" | "coco",
  list: ImageList,
): Promise<SplitLists> {
  const { listed } = list;
  const sources: Source[] = [];
  const problems: Problem[] = [];
  let distinct = true;
  const places = listPlaces(store, root, kind);
  for (const [split, lists] of splitLists) {
    const path = await firstFile(
      store,
      lists.flatMap((list) => places.map((at) => join(at, `${list}.txt`))),
    );
    if (path === undefined) continue;
    const start = listed.length;
    let line = 0;
    const take = (_: string, image: Named): void => {
      const { name, id } = image;
      line++;
      if (name === "") return;
      const other = listed.splitOf(image);
      if (other !== undefined && other !== split) {
        const message = `${name} is in the splits "${other}" and "${split}"; it stays in "${other}"`;
        problems.push({ severity: "warning", file: path, line, message });
        return;
      }
      distinct &&= other === undefined;
      listed.push({ name, id, split, from: path, line });
    };
    const lookup = lookUpListed(list, { textOf: (row: string) => row, take });
    await pushText(store, path, new LineReader((row) => lookup.push(row)));
    lookup.end();
    sources.push({ from: relative(root, path), images: listed.length - start });
  }
  return { distinct, splits: listed.splits, sources, problems };
}

/** The error for a VOC folder without any list. */
export async function missingLists(store: Store, root: string): Promise<UserError> {
  const folder = join(root, "ImageSets", "Segmentation");
  if (!(await isFolder(store, folder))) {
    return new UserError(
      `${folder}: no such folder; put the lists train_aug.txt or train.txt, and val.txt there ` +
        `(or into ImageSets/SegmentationAug, the data set's folder, or voc/ in or beside that)`,
    );
  }
  const holds = await describeFolder(store, folder);
  return new UserError(
    `${folder}: no train_aug.txt, train.txt, val.txt or test.txt; it holds ${holds}`,
  );
}

/** The first path at which there is a file. */
export async function firstFile(
  store: Store,
  paths: readonly string[],
): Promise<string | undefined> {
  for (const path of paths) if (await isFile(store, path)) return path;
  return undefined;
}

/** Looks up the images that lines name. Names may have dots, so what looks like an ending may belong to the name. */
export function lookUpListed<Line>(
  list: ImageList,
  {
    textOf,
    take,
  }: {
    readonly textOf: (line: Line) => string;
    readonly take: (line: Line, image: Named) => void;
  },
): LineLookup<Line> {
  return list.lookup<Line>({
    nameOf: (line) => imageNameIn(textOf(line)),
    // An ending is removed only if no image has the whole name.
    otherwise: stem,
    take: (line, image) =>
      take(line, image.id === undefined ? { ...image, name: withoutEnding(image.name) } : image),
  });
}

/** A name without the ending of an image file, if it has one. */
function withoutEnding(name: string): string {
  return isImageName(name) ? stem(name) || name : name;
}

/** The first word of a line; if that is a path, the file name in it. */
function imageNameIn(text: string): string {
  const trimmed = text.trim();
  const blank = trimmed.search(/\s/);
  const first = blank < 0 ? trimmed : trimmed.slice(0, blank);
  return first.includes("/") ? basename(first) : first;
}
