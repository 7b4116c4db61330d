import { validateClasses } from "../../method/images/classes.ts";
import type { Sample } from "../../method/data/sample.ts";
import { holdOut } from "../../method/data/split.ts";
import { UserError, withExcerpts } from "../../user-error.ts";
import type { FileHost } from "../../host/host.ts";
import { arrange, type Arranged } from "./arrange.ts";
import { headerProblem, readHeaders, type HeaderFacts } from "./check-headers.ts";
import type { MaskClasses } from "./mask-order.ts";
import { mapAtOnce } from "./map-at-once.ts";
import type { Entry, Size } from "./listing/entry.ts";
import { originOf, type Listing, type OnProgress, type Problem } from "./listing/listing.ts";

interface CheckOptions {
  /** Decides which images are held out where the data set names no splits. */
  readonly seed: number;
  readonly valFraction: number;
  /** Report every image that would be left out as an error. */
  readonly strict: boolean;
  readonly onProgress?: OnProgress | undefined;
}

export interface AssembleOptions extends CheckOptions {
  /** Whether tags that differ only in letter case are one class; otherwise they are an error. */
  readonly mergeCase?: boolean;
  /** Read the header of every image and mask; otherwise the names are trusted. */
  readonly headers: boolean;
}

/**
 * Gets what the headers of an image and its mask show, by the number of the image; undefined if nobody has looked, so that its name is
 * trusted.
 */
export type HeadersOf = (index: number) => Promise<HeaderFacts | undefined>;

/** A listing checked against its files, in the form that training takes. */
export interface Assembled {
  readonly classes: readonly string[];
  /** How the masks number the classes, if names came with them. */
  readonly maskClasses?: MaskClasses;
  readonly splits: Readonly<Record<string, readonly Sample[]>>;
  /** Whether the splits were held out here, by seed, because the data set names none. */
  readonly heldOut: boolean;
  /** Sizes of the images whose headers were read, and their numbers in the list. */
  readonly sizes: ReadonlyMap<Sample, Size>;
  readonly places: ReadonlyMap<Sample, number>;
  /** Errors first, then by file and line. */
  readonly problems: readonly Problem[];
}

/** The number of headers read at the same time: enough to keep a disk busy, few enough for any limit on open files. */
export const headersAtOnce = 8;

/** Orders the classes, turns tags into indices, makes names unique, checks headers and splits the samples. */
export async function assemble(
  host: FileHost,
  listing: Listing,
  options: AssembleOptions,
): Promise<Assembled> {
  const arranged = arrange(host.store, listing, options);
  return checkArranged(arranged, options, options.headers ? headersOf(host, arranged) : undefined);
}

/** Reads the headers from the files. */
export function headersOf(host: FileHost, { images, samples }: Arranged): HeadersOf {
  return (index) => readHeaders(host, samples[index]!, images.at(index));
}

/** Checks headers and splits the samples. @param headers without it the names of all images are trusted */
export async function checkArranged(
  { images, samples, classes, maskClasses, problems: found }: Arranged,
  options: CheckOptions,
  headers?: HeadersOf,
): Promise<Assembled> {
  const problems = [...found];
  const sizes = new Map<Sample, Size>();
  const places = new Map<Sample, number>();
  const unusable = new Set<Sample>();
  if (headers) {
    let done = 0;
    const read = await mapAtOnce(samples, headersAtOnce, async (_, i) => {
      const facts = await headers(i);
      options.onProgress?.(++done, samples.length, "headers");
      return facts;
    });
    read.forEach((facts, i) => {
      if (!facts) return;
      const problem = headerProblem(facts, images.at(i));
      if (problem) problems.push(problem);
      if (typeof facts.image === "string") {
        unusable.add(samples[i]!);
        return;
      }
      sizes.set(samples[i]!, facts.image);
      places.set(samples[i]!, i);
    });
  }
  const usable = (sample: Sample): boolean => !unusable.has(sample);
  if (unusable.size > 0) problems.push(...unreadableClasses(images, samples, usable, classes));
  const { splits, heldOut } = splitSamples(images, samples, usable, options);
  return {
    classes,
    ...(maskClasses && { maskClasses }),
    splits,
    heldOut,
    sizes,
    places,
    problems: problems
      .map((problem) => ({
        ...problem,
        message: withExcerpts(problem.message),
        ...(options.strict && problem.leftOut && { severity: "error" as const }),
      }))
      .sort(inReadingOrder),
  };
}

/** Errors first, then by file and line. */
export function inReadingOrder(a: Problem, b: Problem): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0);
}

/** An error for every class none of whose images can be read. */
function unreadableClasses(
  images: Arranged["images"],
  samples: readonly Sample[],
  usable: (sample: Sample) => boolean,
  classes: readonly string[],
): Problem[] {
  const readableTags = new Set<number>();
  for (const sample of samples) {
    if (usable(sample)) for (const tag of sample.tags) readableTags.add(tag);
  }
  const unreadable = new Map<number, { count: number; first: Entry }>();
  samples.forEach(({ tags }, i) => {
    for (const tag of tags) {
      if (readableTags.has(tag)) continue;
      const { count, first } = unreadable.get(tag) ?? { count: 0, first: images.at(i) };
      unreadable.set(tag, { count: count + 1, first });
    }
  });
  const inOrder = [...unreadable].sort(([a], [b]) => a - b);
  return inOrder.map(([tag, { count, first }]) => {
    const message = `class "${classes[tag]}" has no image that can be read (${count} left out)`;
    return { severity: "error", file: originOf(first).file, message };
  });
}

/**
 * The samples of each split. Where no image has a split, some are held out for validation.
 * @param usable leaves out images that cannot be read
 */
function splitSamples(
  images: Arranged["images"],
  samples: readonly Sample[],
  usable: (sample: Sample) => boolean,
  { seed, valFraction }: CheckOptions,
): { splits: Record<string, readonly Sample[]>; heldOut: boolean } {
  // Counted first, because arrays that grow leave as much garbage as they hold.
  const counts = new Map<string, number>();
  let named = false;
  const forEachUsable = (take: (split: string, sample: Sample) => void): void =>
    samples.forEach((sample, i) => {
      if (!usable(sample)) return;
      const split = images.splitAt(i);
      named ||= split !== undefined;
      take(split ?? "train", sample);
    });
  forEachUsable((split) => counts.set(split, (counts.get(split) ?? 0) + 1));
  const splits = new Map([...counts].map(([split, count]) => [split, new Array<Sample>(count)]));
  counts.clear();
  forEachUsable((split, sample) => {
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
