import { basename, join, posix, relative, resolve } from "node:path";
import { UserError } from "../../user-error.ts";
import { isFile, isFolder, isImageName, stem } from "./files.ts";
import type { Problem, Source } from "./listing.ts";
import { describeFolder } from "./plain.ts";
import { linesOf, readText } from "./text-file.ts";
import type { TextTable } from "./text-table.ts";

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

/** A name, and its number if an image has it. */
export interface Named {
  readonly name: string;
  readonly id: number | undefined;
}

/** A line of a list, or a file that is in a split by its folder. */
export interface Listed extends Named {
  readonly split: string;
  readonly from: string;
  readonly line: number | undefined;
}

export interface FoundLists {
  readonly listed: readonly Listed[];
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
  root: string,
  kind: "voc" | "coco",
  names: TextTable,
): Promise<FoundLists> {
  const listed: Listed[] = [];
  const sources: Source[] = [];
  const problems: Problem[] = [];
  const splitOf = new ByName<string>(names);
  let distinct = true;
  const places = listPlaces(root, kind);
  for (const [split, lists] of splitLists) {
    const path = await firstFile(
      lists.flatMap((list) => places.map((at) => join(at, `${list}.txt`))),
    );
    if (path === undefined) continue;
    const before = listed.length;
    let line = 0;
    for (const text of linesOf(await readText(path))) {
      const named = findListed(text, names);
      const { name, id } = named;
      line++;
      if (name === "") continue;
      const other = splitOf.get(named);
      if (other !== undefined && other !== split) {
        const message = `${name} is in the splits "${other}" and "${split}"; it stays in "${other}"`;
        problems.push({ severity: "warning", file: path, line, message });
        continue;
      }
      distinct &&= other === undefined;
      splitOf.set(named, split);
      listed.push({ name, id, split, from: path, line });
    }
    sources.push({ from: relative(root, path), images: listed.length - before });
  }
  const splits = new Set(listed.map(({ split }) => split));
  return { listed, distinct, splits, sources, problems };
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
export function findListed(text: string, names: TextTable): Named {
  const trimmed = text.trim();
  const blank = trimmed.search(/\s/);
  const first = blank < 0 ? trimmed : trimmed.slice(0, blank);
  const whole = first.includes("/") ? posix.basename(first) : first;
  const bare = stem(whole);
  for (const name of whole === bare ? [whole] : [whole, bare]) {
    const id = names.find(name);
    // The name that is known already, instead of a part of the text that would keep it in memory.
    if (id !== undefined) return { name: names.at(id), id };
  }
  return { name: isImageName(whole) && bare !== "" ? bare : whole, id: undefined };
}

/** Something of each name: found by number where an image has the name, which is much faster for millions. */
export class ByName<T> {
  private readonly known: (T | undefined)[];
  private readonly others = new Map<string, T>();

  constructor(private readonly names: TextTable) {
    this.known = new Array<T | undefined>(names.size);
  }

  get({ name, id }: Named): T | undefined {
    return id === undefined ? this.others.get(name) : this.known[id];
  }

  /** The same for a name that was not looked up yet. */
  find(name: string): T | undefined {
    return this.get({ name, id: this.names.find(name) });
  }

  set({ name, id }: Named, value: T): void {
    if (id === undefined) this.others.set(name, value);
    else this.known[id] = value;
  }

  clear(): void {
    this.known.fill(undefined);
    this.others.clear();
  }
}
