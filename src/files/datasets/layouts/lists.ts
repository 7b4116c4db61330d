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

/** Lists that become splits, the first of each that exists in any of the places. */
const splitLists: readonly (readonly [split: string, lists: readonly string[]])[] = [
  ["train", ["train_aug", "trainaug", "train"]],
  ["val", ["val"]],
  ["test", ["test"]],
];

/** Where people keep lists and tags of a VOC or COCO folder, in the order in which they are looked for. */
export function listPlaces(store: Store, root: string, kind: "voc" | "coco"): string[] {
  const inside = ["ImageSets/Segmentation", "ImageSets/SegmentationAug", ".", kind];
  // The published code has them in a folder of its own.
  const places = inside.map((place) => join(root, place));
  return basename(store.absolute(root)) === kind ? places : [...places, join(root, "..", kind)];
}

export interface FoundLists {
  /** Whether no name is listed twice. */
  readonly distinct: boolean;
  /** Splits that have a list. */
  readonly splits: ReadonlySet<string>;
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the lists of a VOC or COCO folder: a name a line, or like DeepLab's the paths of image and mask.
 */
export async function readLists(
  store: Store,
  root: string,
  kind: "voc" | "coco",
  list: ImageList,
): Promise<FoundLists> {
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
    const before = listed.length;
    let line = 0;
    const take = (_: string, named: Named): void => {
      const { name, id } = named;
      line++;
      if (name === "") return;
      const other = listed.splitOf(named);
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
    sources.push({ from: relative(root, path), images: listed.length - before });
  }
  return { distinct, splits: listed.splits, sources, problems };
}

/** A VOC folder must have lists. */
export async function noLists(store: Store, root: string): Promise<UserError> {
  const folder = join(root, "ImageSets", "Segmentation");
  if (!(await isFolder(store, folder))) {
    return new UserError(
      `${folder}: no such folder; a VOC folder has its lists train_aug.txt or train.txt and val.txt there ` +
        `(or in ImageSets/SegmentationAug, in the folder itself, or in voc/ in or beside it)`,
    );
  }
  const holds = await describeFolder(store, folder);
  return new UserError(
    `${folder}: no train_aug.txt, train.txt, val.txt or test.txt; it holds ${holds}`,
  );
}

export async function firstFile(
  store: Store,
  paths: readonly string[],
): Promise<string | undefined> {
  for (const path of paths) if (await isFile(store, path)) return path;
}

/** Looks up the images that lines name. Names may have dots, so that what looks like an ending may be none. */
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
    nameOf: (line) => lastPart(textOf(line)),
    // Only where nothing is found the ending may be one.
    otherwise: stem,
    take: (line, image) =>
      take(line, image.id === undefined ? { ...image, name: bareOf(image.name) } : image),
  });
}

/** Without the ending of an image. */
function bareOf(name: string): string {
  return isImageName(name) ? stem(name) || name : name;
}

/** Of the first word, which may be a path. */
function lastPart(text: string): string {
  const trimmed = text.trim();
  const blank = trimmed.search(/\s/);
  const first = blank < 0 ? trimmed : trimmed.slice(0, blank);
  return first.includes("/") ? basename(first) : first;
}
