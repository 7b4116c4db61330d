import { nearest } from "../../method/config/nearest.ts";
import type { Sample } from "../../method/data/sample.ts";
import type { Store } from "../../host/store.ts";
import { excerpt } from "../../user-error.ts";
import type { Remedy } from "../../user-error.ts";
import { extname, join } from "../text/path.ts";
import type { Entry } from "./listing/entry.ts";
import { ImageList } from "./listing/image-list.ts";
import { originOf, type Listing, type Problem } from "./listing/listing.ts";
import { matchMaskClasses, type MaskClasses } from "./mask-order.ts";

/** A listing in the form that training takes, before any of its images is opened. */
export interface Arranged {
  /** Each image once. */
  readonly images: ImageList;
  /** One for each image, in their order. */
  readonly samples: readonly Sample[];
  readonly classes: readonly string[];
  /** How the masks number the classes, if names came with them. */
  readonly maskClasses?: MaskClasses;
  readonly problems: readonly Problem[];
}

/** Names in which nothing has to be replaced, as in most of them. */
const plainName = /^[A-Za-z0-9._ ()+=@,-]*$/;

/** Characters to replace in names, since files are named after them. */
const unsafe = /[^\p{L}\p{N}._ ()+=@,-]+/gu;

/** Orders the classes, turns tags into indices and makes names unique. */
export function arrange(
  store: Store,
  listing: Listing,
  { mergeCase = false }: { readonly mergeCase?: boolean } = {},
): Arranged {
  const problems: Problem[] = [...listing.problems];
  const images = listing.distinct ? listing.images : mergeDuplicates(listing.images, problems);
  const classes = listing.classes?.names ?? classesOf(images, problems, mergeCase);
  const file = listing.classes?.file ?? "";
  const tags = indexTags(images, classes, { file, mergeCase }, problems);
  const maskClasses =
    listing.maskClasses && matchMaskClasses(listing.maskClasses, classes, problems);
  const samples = toSamples(store, images, tags);
  return { images, samples, classes, ...(maskClasses && { maskClasses }), problems };
}

/** Merges the tags of images that are listed several times, for example once for each tag. */
function mergeDuplicates(images: ImageList, problems: Problem[]): ImageList {
  const distinct: Entry[] = [];
  const byFolder = new Map<string, Map<string, number>>();
  for (const entry of images) {
    let places = byFolder.get(entry.folder);
    if (!places) byFolder.set(entry.folder, (places = new Map()));
    const at = places.get(entry.place);
    if (at === undefined) {
      places.set(entry.place, distinct.length);
      distinct.push(entry);
      continue;
    }
    const first = distinct[at]!;
    const firstLine = first.line === undefined ? "" : `, first in line ${first.line}`;
    const inTwoSplits = entry.split !== undefined && entry.split !== (first.split ?? entry.split);
    problems.push({
      severity: inTwoSplits ? "error" : "warning",
      ...originOf(entry),
      message: inTwoSplits
        ? `${entry.file} is in the splits "${first.split}" and "${entry.split}"; it can be in only one`
        : `${entry.file} is listed again${firstLine}; the tags of all its lines are merged`,
    });
    const tags = [...new Set([...first.tags, ...entry.tags])];
    distinct[at] = { ...first, tags, split: first.split ?? entry.split };
  }
  const merged = new ImageList();
  for (const entry of distinct) merged.push(entry);
  return merged;
}

/**
 * All tags that occur, in alphabetical order: the classes if no file lists them. Tags that differ only in case are an error,
 * or one class in its most frequent spelling.
 */
function classesOf(images: ImageList, problems: Problem[], mergeCase: boolean): string[] {
  const firstEntries = new Map<string, Entry>();
  const counts = new Map<string, number>();
  for (const entry of images) {
    for (const tag of entry.tags) {
      counts.set(tag, (counts.get(tag) ?? 0) + 1);
      if (!firstEntries.has(tag)) firstEntries.set(tag, entry);
    }
  }
  if (mergeCase) return mergedClasses(counts, firstEntries, problems);
  const folded = new Map<string, string>();
  for (const name of [...firstEntries.keys()].sort()) {
    const twin = folded.get(name.toLowerCase());
    if (twin === undefined) {
      folded.set(name.toLowerCase(), name);
      continue;
    }
    const message = `tags "${twin}" and "${name}" differ only in case; use one spelling`;
    const remedies: Remedy[] = [
      { kind: "option", name: "mergeCase", purpose: "makes one class of them" },
    ];
    // The rarer spelling is the one to correct.
    const odd = counts.get(twin)! < counts.get(name)! ? twin : name;
    const origin = originOf(firstEntries.get(odd)!);
    problems.push({ severity: "error", ...origin, message, remedies });
  }
  return [...folded.values()];
}

/** One class for all spellings of a tag in upper and lower case: the most frequent, which is told. */
function mergedClasses(
  counts: ReadonlyMap<string, number>,
  firstEntries: ReadonlyMap<string, Entry>,
  problems: Problem[],
): string[] {
  const spellings = new Map<string, string[]>();
  for (const name of [...counts.keys()].sort()) {
    const key = name.toLowerCase();
    spellings.set(key, [...(spellings.get(key) ?? []), name]);
  }
  return [...spellings.values()]
    .map((names) => {
      const [class_ = "", ...others] = [...names].sort((a, b) => counts.get(b)! - counts.get(a)!);
      if (others.length > 0) {
        const message = `tags ${names.map((name) => `"${name}"`).join(" and ")} are one class, "${class_}", the most frequent spelling`;
        problems.push({ severity: "warning", ...originOf(firstEntries.get(others[0]!)!), message });
      }
      return class_;
    })
    .sort();
}

/** Class indices for each image, ascending; images with the same array of tags share an array here too. */
function indexTags(
  images: ImageList,
  classes: readonly string[],
  { file: classesFile, mergeCase }: { readonly file: string; readonly mergeCase: boolean },
  problems: Problem[],
): readonly (readonly number[])[] {
  const indices = new Map(classes.map((name, i) => [name, i]));
  const folded = new Map(mergeCase ? classes.map((name, i) => [name.toLowerCase(), i]) : []);
  const indicesOf = new Map<readonly string[], readonly number[]>();
  const hints = new Map<string, string>();
  const hintFor = (tag: string): string => {
    const suggestion = nearest(tag, classes);
    return suggestion === undefined ? "" : `; did you mean "${suggestion}"?`;
  };
  const indexed = images.map((entry) => {
    if (entry.tags.length === 0 && !entry.untagged) {
      const message = `${entry.file} has no tags: it counts as showing background only`;
      problems.push({ severity: "warning", ...originOf(entry), message });
    }
    const shared = indicesOf.get(entry.tags);
    if (shared) return shared;
    const tags = new Set<number>();
    let hasUnknown = false;
    for (const tag of entry.tags) {
      const index = indices.get(tag) ?? folded.get(tag.toLowerCase());
      if (index !== undefined) tags.add(index);
      else if (classesFile !== "") {
        hasUnknown = true;
        if (!hints.has(tag)) hints.set(tag, hintFor(tag));
        const message = `unknown tag "${tag}": it is not in ${classesFile} (number of classes: ${classes.length})`;
        problems.push({
          severity: "error",
          ...originOf(entry),
          message: message + hints.get(tag)!,
        });
      }
    }
    const sorted = [...tags].sort((a, b) => a - b);
    // An unknown tag is reported for every entry that has it.
    if (!hasUnknown) indicesOf.set(entry.tags, sorted);
    return sorted;
  });
  const used = new Set<number>();
  for (const tags of new Set(indexed)) for (const tag of tags) used.add(tag);
  const unused = classes.filter((_, i) => !used.has(i));
  const messages =
    unused.length > 3
      ? [
          `${unused.length} of the ${classes.length} classes have no images: ${excerpt(unused.join(", "))}`,
        ]
      : unused.map((name) => `class "${name}" has no images`);
  for (const message of messages)
    problems.push({ severity: "warning", file: classesFile, message });
  return indexed;
}

/** The samples of all images. Masks and reports are saved under their names, so no two are equal. */
function toSamples(
  store: Store,
  images: ImageList,
  tags: readonly (readonly number[])[],
): readonly Sample[] {
  const absoluteFolder = absoluteFolders(store);
  return images.mapNamed((entry, i): Sample => {
    const { file, folder, place, mask, untagged } = entry;
    const image = absoluteFolder(folder) + place;
    // A slice of the path takes a third of the memory of a string of its own.
    const bare = image.slice(image.length - file.length, image.length - extname(file).length);
    const sample = { name: safeName(bare), image, tags: tags[i]! };
    if (mask === undefined && !untagged) return sample;
    return {
      ...sample,
      ...(untagged ? { untagged } : {}),
      ...(mask === undefined ? {} : { mask: store.absolute(mask) }),
    };
  });
}

/** The name of a sample whose image has this path, without ending, in the image folder. */
export function safeName(bare: string): string {
  return plainName.test(bare) ? bare : bare.replace(unsafe, "-");
}

/** Absolute paths of folders with a trailing slash, each resolved once. */
function absoluteFolders(store: Store): (folder: string) => string {
  const paths = new Map<string, string>();
  return (folder) => {
    let path = paths.get(folder);
    if (path === undefined)
      paths.set(folder, (path = store.absolute(join(folder, "x")).slice(0, -1)));
    return path;
  };
}
