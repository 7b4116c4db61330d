import { nearest } from "../../method/config/nearest.ts";
import { validateClasses } from "../../method/images/classes.ts";
import type { Sample } from "../../method/data/sample.ts";
import { holdOut } from "../../method/data/split.ts";
import { UserError } from "../../user-error.ts";
import type { ImageHeader } from "../../host/codec.ts";
import type { FileHost } from "../../host/host.ts";
import type { Store } from "../../host/store.ts";
import { extname, join } from "../text/path.ts";
import { checkHeaders } from "./check-headers.ts";
import { mapAtOnce } from "./map-at-once.ts";
import type { Entry } from "./listing/entry.ts";
import { ImageList } from "./listing/image-list.ts";
import { originOf, type Listing, type OnProgress, type Problem } from "./listing/listing.ts";

export interface AssembleOptions {
  /** Decides which images are held out where the data set names no splits. */
  readonly seed: number;
  readonly valFraction: number;
  /** Report every image that would be left out as an error. */
  readonly strict: boolean;
  /** Read the header of every image and mask; otherwise the names are trusted. */
  readonly headers: boolean;
  readonly onProgress?: OnProgress | undefined;
}

/** A listing checked against its files, in the form that training takes. */
export interface Assembled {
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<string, readonly Sample[]>>;
  /** Whether the splits were held out here, by seed, because the data set names none. */
  readonly heldOut: boolean;
  /** Sizes and entries of the images whose headers were read. */
  readonly sizes: ReadonlyMap<Sample, ImageHeader>;
  readonly origins: ReadonlyMap<Sample, Entry>;
  /** Errors first, then by file and line. */
  readonly problems: readonly Problem[];
}

/** Header reads at a time: enough to keep a disk busy, few enough for any limit on open files. */
const atOnce = 8;

/** Most names: nothing to replace. */
const plainName = /^[A-Za-z0-9._ ()+=@,-]*$/;

/** Characters to replace in names, since files are named after them. */
const unfit = /[^\p{L}\p{N}._ ()+=@,-]+/gu;

/** Orders the classes, turns tags into indices, makes names unique, checks headers and splits the samples. */
export async function assemble(
  host: FileHost,
  listing: Listing,
  options: AssembleOptions,
): Promise<Assembled> {
  const problems: Problem[] = [...listing.problems];
  const images = listing.distinct ? listing.images : mergeDuplicates(listing.images, problems);
  const classes = listing.classes?.names ?? classesOf(images, problems);
  const tags = indexTags(images, classes, listing.classes?.file ?? "", problems);
  const samples = toSamples(host.store, images, tags);

  const sizes = new Map<Sample, ImageHeader>();
  const origins = new Map<Sample, Entry>();
  if (options.headers) {
    let done = 0;
    const headers = await mapAtOnce(samples, atOnce, async (sample, i) => {
      const checked = await checkHeaders(host, sample, images.at(i));
      options.onProgress?.(++done, samples.length, "headers");
      return checked;
    });
    headers.forEach(({ header, problem }, i) => {
      if (problem) problems.push(problem);
      if (!header) return;
      sizes.set(samples[i]!, header);
      origins.set(samples[i]!, images.at(i));
    });
    problems.push(...lostClasses(images, samples, sizes, classes));
  }
  const usable = options.headers ? (sample: Sample) => sizes.has(sample) : undefined;
  const { splits, heldOut } = splitSamples(images, samples, usable, options);
  return {
    classes,
    splits,
    heldOut,
    sizes,
    origins,
    problems: problems
      .map((problem) =>
        options.strict && problem.leftOut ? { ...problem, severity: "error" as const } : problem,
      )
      .sort(inReadingOrder),
  };
}

/** Errors first, then by file and line. */
export function inReadingOrder(a: Problem, b: Problem): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}

/** Merges the tags of images that are listed several times, as where each line has one tag. */
function mergeDuplicates(images: ImageList, problems: Problem[]): ImageList {
  const first: Entry[] = [];
  const byFolder = new Map<string, Map<string, number>>();
  for (const entry of images) {
    let places = byFolder.get(entry.folder);
    if (!places) byFolder.set(entry.folder, (places = new Map()));
    const at = places.get(entry.place);
    if (at === undefined) {
      places.set(entry.place, first.length);
      first.push(entry);
      continue;
    }
    const before = first[at]!;
    const earlier = before.line === undefined ? "" : `, first in line ${before.line}`;
    const other = entry.split !== undefined && entry.split !== (before.split ?? entry.split);
    problems.push({
      severity: other ? "error" : "warning",
      ...originOf(entry),
      message: other
        ? `${entry.file} is in the splits "${before.split}" and "${entry.split}"; it can be in one only`
        : `${entry.file} is listed again${earlier}; its tags are put together`,
    });
    const tags = [...new Set([...before.tags, ...entry.tags])];
    first[at] = { ...before, tags, split: before.split ?? entry.split };
  }
  const merged = new ImageList();
  for (const entry of first) merged.push(entry);
  return merged;
}

/** All tags that occur, in alphabetical order: the classes where no file lists them. */
function classesOf(images: ImageList, problems: Problem[]): string[] {
  const first = new Map<string, Entry>();
  for (const entry of images) {
    for (const tag of entry.tags) if (!first.has(tag)) first.set(tag, entry);
  }
  const folded = new Map<string, string>();
  for (const name of [...first.keys()].sort()) {
    const twin = folded.get(name.toLowerCase());
    if (twin === undefined) {
      folded.set(name.toLowerCase(), name);
      continue;
    }
    const message = `tags "${twin}" and "${name}" differ only in case; write them alike`;
    problems.push({ severity: "error", ...originOf(first.get(name)!), message });
  }
  return [...folded.values()];
}

/** Class indices for each image, ascending; images with the same array of tags share an array here too. */
function indexTags(
  images: ImageList,
  classes: readonly string[],
  classesFile: string,
  problems: Problem[],
): readonly (readonly number[])[] {
  const indices = new Map(classes.map((name, i) => [name, i]));
  const known = new Map<readonly string[], readonly number[]>();
  const hints = new Map<string, string>();
  const hintFor = (tag: string): string => {
    const meant = nearest(tag, classes);
    return meant === undefined ? "" : `; did you mean "${meant}"?`;
  };
  const indexed = images.map((entry) => {
    if (entry.tags.length === 0 && !entry.untagged) {
      const message = `${entry.file} has no tags: it counts as showing background only`;
      problems.push({ severity: "warning", ...originOf(entry), message });
    }
    const before = known.get(entry.tags);
    if (before) return before;
    const tags = new Set<number>();
    let foreign = false;
    for (const tag of entry.tags) {
      const index = indices.get(tag);
      if (index !== undefined) tags.add(index);
      else if (classesFile !== "") {
        foreign = true;
        if (!hints.has(tag)) hints.set(tag, hintFor(tag));
        const message = `unknown tag "${tag}", not one of the ${classes.length} classes of ${classesFile}`;
        problems.push({
          severity: "error",
          ...originOf(entry),
          message: message + hints.get(tag)!,
        });
      }
    }
    const sorted = [...tags].sort((a, b) => a - b);
    // An unknown tag is reported for every entry that has it.
    if (!foreign) known.set(entry.tags, sorted);
    return sorted;
  });
  const used = new Set<number>();
  for (const tags of new Set(indexed)) for (const tag of tags) used.add(tag);
  const unused = classes.filter((_, i) => !used.has(i));
  const messages =
    unused.length > 3
      ? [`${unused.length} of the ${classes.length} classes have no images: ${unused.join(", ")}`]
      : unused.map((name) => `class "${name}" has no images`);
  for (const message of messages)
    problems.push({ severity: "warning", file: classesFile, message });
  return indexed;
}

/** Errors for classes whose images all cannot be read. */
function lostClasses(
  images: ImageList,
  samples: readonly Sample[],
  readable: ReadonlyMap<Sample, unknown>,
  classes: readonly string[],
): Problem[] {
  const left = new Set<number>();
  for (const { tags } of readable.keys()) for (const tag of tags) left.add(tag);
  const lost = new Map<number, { count: number; first: Entry }>();
  samples.forEach(({ tags }, i) => {
    for (const tag of tags) {
      if (left.has(tag)) continue;
      const { count, first } = lost.get(tag) ?? { count: 0, first: images.at(i) };
      lost.set(tag, { count: count + 1, first });
    }
  });
  const inOrder = [...lost].sort(([a], [b]) => a - b);
  return inOrder.map(([tag, { count, first }]) => {
    const message = `class "${classes[tag]}" has no image that can be read: all ${count} are left out`;
    return { severity: "error", file: originOf(first).file, message };
  });
}

/** Makes the samples. Masks and reports use their names for files, so no two have the same. */
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
    const name = plainName.test(bare) ? bare : bare.replace(unfit, "-");
    const sample = { name, image, tags: tags[i]! };
    if (mask === undefined && !untagged) return sample;
    return {
      ...sample,
      ...(untagged ? { untagged } : {}),
      ...(mask === undefined ? {} : { mask: store.absolute(mask) }),
    };
  });
}

/** Absolute paths of folders with a slash behind, each resolved once. */
function absoluteFolders(store: Store): (folder: string) => string {
  const known = new Map<string, string>();
  return (folder) => {
    let path = known.get(folder);
    if (path === undefined)
      known.set(folder, (path = store.absolute(join(folder, "x")).slice(0, -1)));
    return path;
  };
}

/** @param usable leaves out images that cannot be read */
function splitSamples(
  images: ImageList,
  samples: readonly Sample[],
  usable: ((sample: Sample) => boolean) | undefined,
  { seed, valFraction }: AssembleOptions,
): { splits: Record<string, readonly Sample[]>; heldOut: boolean } {
  // Counted first, because arrays that grow leave as much garbage as they hold.
  const counts = new Map<string, number>();
  let named = false;
  const each = (take: (split: string, sample: Sample) => void): void =>
    samples.forEach((sample, i) => {
      if (usable?.(sample) === false) return;
      const split = images.splitAt(i);
      named ||= split !== undefined;
      take(split ?? "train", sample);
    });
  each((split) => counts.set(split, (counts.get(split) ?? 0) + 1));
  const splits = new Map([...counts].map(([split, count]) => [split, new Array<Sample>(count)]));
  counts.clear();
  each((split, sample) => {
    const at = counts.get(split) ?? 0;
    splits.get(split)![at] = sample;
    counts.set(split, at + 1);
  });
  if (named) return { splits: Object.fromEntries(splits), heldOut: false };
  const all = splits.get("train") ?? [];
  return { splits: { ...holdOut(all, { seed, fraction: valFraction }) }, heldOut: true };
}

/** Checks the class names of a data set as a whole. */
export function checkClasses(root: string, classes: readonly string[]): void {
  if (classes.length === 0) {
    throw new UserError(`${root}: no image has a tag; at least one class is needed`);
  }
  validateClasses(classes, root);
}
