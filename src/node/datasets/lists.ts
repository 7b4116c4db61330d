import { basename, join, posix, relative, resolve } from "node:path";
import { UserError } from "../../user-error.ts";
import { isFile, isFolder, isImageName, stem } from "./files.ts";
import type { Origin, Problem, Source } from "./listing.ts";
import { describeFolder } from "./plain.ts";
import { readText } from "./tags-file.ts";

/** Lists that become splits, the first of each that exists in any of the places. */
const splitLists: readonly (readonly [split: string, lists: readonly string[]])[] = [
  ["train", ["train_aug", "trainaug", "train"]],
  ["val", ["val"]],
  ["test", ["test"]],
];

/** Where people keep lists and tags of a VOC or COCO folder, in the order in which they are looked for. */
export function listPlaces(root: string, kind: "voc" | "coco"): string[] {
  const inside = ["ImageSets/Segmentation", "ImageSets/SegmentationAug", ".", kind];
  // The published code has them in a folder of its own.
  const places = inside.map((place) => join(root, place));
  return basename(resolve(root)) === kind ? places : [...places, join(root, "..", kind)];
}

/** A line of a list. */
export interface Listed {
  readonly name: string;
  readonly split: string;
  readonly origin: Origin;
}

export interface FoundLists {
  readonly listed: readonly Listed[];
  /** Splits that have a list. */
  readonly splits: ReadonlySet<string>;
  readonly sources: readonly Source[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the lists of a VOC or COCO folder: a name a line, or like DeepLab's the paths of image and mask.
 * @param has whether there is an image of this name
 */
export async function readLists(
  root: string,
  kind: "voc" | "coco",
  has: (name: string) => boolean,
): Promise<FoundLists> {
  const listed: Listed[] = [];
  const sources: Source[] = [];
  const problems: Problem[] = [];
  const splitOf = new Map<string, string>();
  const places = listPlaces(root, kind);
  for (const [split, lists] of splitLists) {
    const path = await firstFile(
      lists.flatMap((list) => places.map((at) => join(at, `${list}.txt`))),
    );
    if (path === undefined) continue;
    const before = listed.length;
    (await readText(path)).split(/\r?\n/).forEach((text, i) => {
      const name = listedName(text, has);
      if (name === "") return;
      const origin = { file: path, line: i + 1 };
      const other = splitOf.get(name);
      if (other !== undefined && other !== split) {
        const message = `${name} is in the splits "${other}" and "${split}"; it stays in "${other}"`;
        problems.push({ severity: "warning", ...origin, message });
        return;
      }
      splitOf.set(name, split);
      listed.push({ name, split, origin });
    });
    sources.push({ from: relative(root, path), images: listed.length - before });
  }
  const splits = new Set(listed.map(({ split }) => split));
  return { listed, splits, sources, problems };
}

/** A VOC folder must have lists. */
export async function noLists(root: string): Promise<UserError> {
  const folder = join(root, "ImageSets", "Segmentation");
  if (!(await isFolder(folder))) {
    return new UserError(
      `${folder}: no such folder; a VOC folder has its lists train_aug.txt or train.txt and val.txt there ` +
        `(or in ImageSets/SegmentationAug, in the folder itself, or in voc/ in or beside it)`,
    );
  }
  const holds = await describeFolder(folder);
  return new UserError(
    `${folder}: no train_aug.txt, train.txt, val.txt or test.txt; it holds ${holds}`,
  );
}

export async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}

/** The name of a listed image. Names may have dots, so that what looks like an ending may be none. */
export function listedName(text: string, has: (name: string) => boolean): string {
  const first = text.trim().split(/\s+/)[0]!;
  const whole = posix.basename(first);
  const bare = stem(whole);
  if (has(whole) || bare === "") return whole;
  return has(bare) || isImageName(whole) ? bare : whole;
}
