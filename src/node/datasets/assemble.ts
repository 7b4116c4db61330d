import { resolve } from "node:path";
import { nearest } from "../../config/nearest.ts";
import { validateClasses } from "../../data/classes.ts";
import type { Sample } from "../../data/sample.ts";
import { holdOut } from "../../data/split.ts";
import { UserError } from "../../user-error.ts";
import { readImageHeader, type ImageHeader } from "../images.ts";
import { mapAtOnce, stem } from "./files.ts";
import type { Entry, Listing, OnProgress, Problem } from "./listing.ts";

export interface AssembleOptions {
  /** Decides which images are held out where no split is given. */
  readonly seed: number;
  readonly valFraction: number;
  /** Turns every image that would be left out into an error. */
  readonly strict: boolean;
  /** Looks at the header of every image and mask file; without, images are taken to be what their names say. */
  readonly headers: boolean;
  readonly onProgress?: OnProgress | undefined;
}

/** A listing checked against the disk and put into the form that training eats. */
export interface Assembled {
  readonly classes: readonly string[];
  readonly splits: Readonly<Record<string, readonly Sample[]>>;
  /** Whether the splits were held out here, by seed, because the data set names none. */
  readonly heldOut: boolean;
  /** Of the images whose headers were looked at. */
  readonly sizes: ReadonlyMap<Sample, ImageHeader>;
  readonly origins: ReadonlyMap<Sample, Entry>;
  /** Errors first, then by file and line. */
  readonly problems: readonly Problem[];
}

/** Header reads at a time: enough to keep a disk busy, few enough for any limit on open files. */
const atOnce = 8;

/** Orders classes, turns tags into indices, makes names unique, looks at every header, splits. */
export async function assemble(listing: Listing, options: AssembleOptions): Promise<Assembled> {
  const problems: Problem[] = [...listing.problems];
  const entries = mergeDuplicates(listing.entries, problems);
  const classes = listing.classes?.names ?? classesOf(entries, problems);
  const indexed = indexTags(entries, classes, listing.classes?.file ?? "", problems);
  const samples = nameSamples(indexed);

  const sizes = new Map<Sample, ImageHeader>();
  let usable: readonly Named[] = samples;
  if (options.headers) {
    let done = 0;
    const headers = await mapAtOnce(samples, atOnce, async ({ sample, entry }) => {
      const checked = await checkHeaders(sample, entry);
      options.onProgress?.(++done, samples.length, "headers");
      return checked;
    });
    samples.forEach(({ sample }, i) => {
      const { header, problem } = headers[i]!;
      if (problem) problems.push(problem);
      if (header) sizes.set(sample, header);
    });
    usable = samples.filter(({ sample }) => sizes.has(sample));
  }
  problems.push(...lostClasses(samples, usable, classes));
  const { splits, heldOut } = splitSamples(usable, options);
  return {
    ...{ classes, splits, heldOut, sizes },
    origins: new Map(usable.map(({ sample, entry }) => [sample, entry])),
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

/** An image may be listed on several lines, a tag each; its tags are put together. */
function mergeDuplicates(entries: readonly Entry[], problems: Problem[]): Entry[] {
  const merged = new Map<string, Entry>();
  for (const entry of entries) {
    const before = merged.get(entry.path);
    if (!before) {
      merged.set(entry.path, entry);
      continue;
    }
    const earlier = before.origin.line === undefined ? "" : `, first in line ${before.origin.line}`;
    const other = entry.split !== undefined && entry.split !== (before.split ?? entry.split);
    problems.push({
      severity: other ? "error" : "warning",
      ...entry.origin,
      message: other
        ? `${entry.file} is in the splits "${before.split}" and "${entry.split}"; it can be in one only`
        : `${entry.file} is listed again${earlier}; its tags are put together`,
    });
    const tags = [...new Set([...before.tags, ...entry.tags])];
    const split = before.split ?? entry.split;
    merged.set(entry.path, { ...before, tags, ...(split === undefined ? {} : { split }) });
  }
  return [...merged.values()];
}

/** Without a list of classes: all tags that occur, in alphabetical order. */
function classesOf(entries: readonly Entry[], problems: Problem[]): string[] {
  const classes = [...new Set(entries.flatMap(({ tags }) => tags))].sort();
  const folded = new Map<string, string>();
  for (const name of classes) {
    const twin = folded.get(name.toLowerCase());
    if (twin === undefined) {
      folded.set(name.toLowerCase(), name);
      continue;
    }
    const { origin } = entries.find(({ tags }) => tags.includes(name))!;
    const message = `tags "${twin}" and "${name}" differ only in case; write them alike`;
    problems.push({ severity: "error", ...origin, message });
  }
  return [...folded.values()];
}

interface Indexed {
  readonly entry: Entry;
  readonly tags: readonly number[];
}

function indexTags(
  entries: readonly Entry[],
  classes: readonly string[],
  classesFile: string,
  problems: Problem[],
): Indexed[] {
  const indices = new Map(classes.map((name, i) => [name, i]));
  const used = new Set<number>();
  const indexed = entries.map((entry) => {
    const tags = new Set<number>();
    for (const tag of entry.tags) {
      const index = indices.get(tag);
      if (index !== undefined) tags.add(index);
      else if (classesFile !== "") {
        const meant = nearest(tag, classes);
        const message = `unknown tag "${tag}", not one of the ${classes.length} classes of ${classesFile}`;
        const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
        problems.push({ severity: "error", ...entry.origin, message: message + hint });
      }
    }
    if (entry.tags.length === 0 && !entry.untagged) {
      const message = `${entry.file} has no tags: it counts as showing background only`;
      problems.push({ severity: "warning", ...entry.origin, message });
    }
    for (const tag of tags) used.add(tag);
    return { entry, tags: [...tags].sort((a, b) => a - b) };
  });
  const unused = classes.filter((_, i) => !used.has(i));
  const messages =
    unused.length > 3
      ? [`${unused.length} of the ${classes.length} classes have no images: ${unused.join(", ")}`]
      : unused.map((name) => `class "${name}" has no images`);
  for (const message of messages)
    problems.push({ severity: "warning", file: classesFile, message });
  return indexed;
}

/** Classes that are used, but by no image that can be read. */
function lostClasses(
  all: readonly Named[],
  usable: readonly Named[],
  classes: readonly string[],
): Problem[] {
  const left = new Set(usable.flatMap(({ sample }) => sample.tags));
  return classes.flatMap((name, i): Problem[] => {
    const images = all.filter(({ sample }) => sample.tags.includes(i));
    if (left.has(i) || images.length === 0) return [];
    const message = `class "${name}" has no image that can be read: all ${images.length} are left out`;
    return [{ severity: "error", file: images[0]!.entry.origin.file, message }];
  });
}

interface Named {
  readonly entry: Entry;
  readonly sample: Sample;
}

/** Names are file names of masks and reports later: unique even where upper and lower case are one. */
function nameSamples(indexed: readonly Indexed[]): Named[] {
  const taken = new Set<string>();
  return indexed.map(({ entry, tags }) => {
    const base = stem(entry.file).replace(/[^\p{L}\p{N}._ ()+=@,-]+/gu, "-");
    let name = base;
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${base}-${i}`;
    taken.add(name.toLowerCase());
    const mask = entry.mask === undefined ? {} : { mask: resolve(entry.mask) };
    const known = entry.untagged ? { untagged: entry.untagged } : {};
    return { entry, sample: { name, image: resolve(entry.path), tags, ...known, ...mask } };
  });
}

/** Size of an image, unless it cannot be read; and what is wrong with it or its mask. */
async function checkHeaders(
  sample: Sample,
  entry: Entry,
): Promise<{ header?: ImageHeader; problem?: Problem }> {
  let header: ImageHeader;
  try {
    header = await readImageHeader(entry.path);
  } catch (error) {
    const message = `${ownWords(error, entry.path)}; left out`;
    return { problem: { severity: "warning", file: entry.path, message, leftOut: true } };
  }
  if (sample.mask === undefined) return { header };
  const { width, height } = header;
  try {
    const mask = entry.maskSize ?? (await readImageHeader(sample.mask));
    if (mask.width === width && mask.height === height) return { header };
    const message = `mask is ${mask.width}x${mask.height}, but its image ${entry.path} is ${width}x${height}`;
    return { header, problem: { severity: "error", file: entry.mask!, message } };
  } catch (error) {
    const message = ownWords(error, sample.mask);
    return { header, problem: { severity: "error", file: entry.mask!, message } };
  }
}

/** The message of a UserError without the file it begins with. */
export function ownWords(error: unknown, path: string): string {
  if (!(error instanceof UserError)) throw error;
  return error.message.startsWith(`${path}: `)
    ? error.message.slice(path.length + 2)
    : error.message;
}

function splitSamples(
  named: readonly Named[],
  { seed, valFraction }: AssembleOptions,
): { splits: Record<string, readonly Sample[]>; heldOut: boolean } {
  if (named.every(({ entry }) => entry.split === undefined)) {
    const samples = named.map(({ sample }) => sample);
    return { splits: { ...holdOut(samples, { seed, fraction: valFraction }) }, heldOut: true };
  }
  const splits = new Map<string, Sample[]>();
  for (const { sample, entry } of named) {
    const split = entry.split ?? "train";
    const samples = splits.get(split);
    if (samples) samples.push(sample);
    else splits.set(split, [sample]);
  }
  return { splits: Object.fromEntries(splits), heldOut: false };
}

/** The class names of an opened data set, checked once more as a whole. */
export function checkClasses(root: string, classes: readonly string[]): void {
  if (classes.length === 0) {
    throw new UserError(`${root}: no image has a tag; at least one class is needed`);
  }
  validateClasses(classes, root);
}
